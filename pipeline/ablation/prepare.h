#pragma once
// The inputs of a sweep, made from MIDI: what `run` does before there is anything to train on.

#include <filesystem>

#include "ablation/experiment.h"

namespace mofi {

/// Composes the music of a synthetic experiment into RESULTS/midi, or beside the tokens that are made of it;
/// does nothing for real data. For one process, before make_inputs.
void compose_music(const Experiment& experiment, const std::filesystem::path& results);

/// Makes the files that input_files names from the experiment's data sets, each of which is read once. Files
/// that already hold the same contents are left alone. Collective over the team: all ranks read, the first
/// one writes.
void make_inputs(const Experiment& experiment, const std::filesystem::path& results, const Team& team = {});

/// Which of the data sets a folder holds, by its layout; a folder that holds one of that name counts, too.
struct FoundDataset {
  std::string name;
  std::filesystem::path folder;
};
FoundDataset find_dataset(const std::string& name, const std::filesystem::path& folder);

/// What `--data DIR` does to a config: names the folder. A config of composed music becomes one of the real
/// data set that the folder holds, under a name of its own and with a split that it has: EMOPIA's song_level,
/// a folder's given one, else the first of 5 folds.
void use_data(ConfigNode& root, const std::filesystem::path& folder);

}  // namespace mofi
