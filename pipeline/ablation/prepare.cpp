#include "ablation/prepare.h"

#include <algorithm>
#include <map>

#include "ablation/inputs.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "features/extract_features.h"
#include "midi/dataset_kinds.h"
#include "tokens/tokenize_corpus.h"
#include "tonality/key_report.h"

namespace mofi {
namespace {

constexpr const char* kMusicFolder = "midi";  // composed

bool is_composed(const DatasetConfig& dataset) {
  return dataset.name == "synthetic" && dataset.input.empty();
}

/// Whether the file holds these contents already. A damaged or foreign one counts as different, and is
/// replaced.
template <class Read>
bool holds(const std::filesystem::path& path, const std::string& digest, Read read) {
  if (!std::filesystem::exists(path)) return false;
  try {
    return read(path).header.content_sha256 == digest;
  } catch (const Error& error) {
    log_warning("{} is made again: {}", path.string(), error.what());
    return false;
  }
}

/// Music that is read once: its tokens and, by files, the keys that are found in it and the features that
/// some run needs.
struct MusicSet {
  MusicConfig music;
  std::filesystem::path folder, tokens;
  std::map<std::filesystem::path, ModeOptions> modes, features;
};

/// What one MIDI file gives to the tables of a set, in the order of their files.
struct FileInputs {
  FileTokens tokens;
  std::vector<FileModes> modes;
  std::vector<FeatureValues> features;
};
Packer& operator<<(Packer& packer, const FileInputs& made) {
  return packer << made.tokens << made.modes << made.features;
}
Unpacker& operator>>(Unpacker& unpacker, FileInputs& made) {
  return unpacker >> made.tokens >> made.modes >> made.features;
}

/// Which of an experiment's musics has a run that needs features.
std::vector<bool> features_are_needed(const Experiment& experiment) {
  std::vector<bool> needed(experiment.music.size(), false);
  for (const Cell& cell : experiment.cells)
    if (needs_features(cell.config)) needed[cell.music] = true;
  return needed;
}

std::vector<MusicSet> music_to_make(const Experiment& experiment, const std::filesystem::path& results) {
  const std::vector<InputFiles> files = input_files(experiment.music, results);
  const std::vector<bool> needs_features = features_are_needed(experiment);
  std::vector<MusicSet> sets;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].folder.empty()) continue;
    auto set = std::ranges::find(sets, files[i].tokens, &MusicSet::tokens);
    if (set == sets.end())
      set = sets.insert(set, {experiment.music[i], files[i].folder, files[i].tokens, {}, {}});
    const MusicConfig& music = experiment.music[i];
    if (music.inputs.mode.empty()) set->modes[files[i].mode] = music.tonality;
    if (needs_features[i] && music.inputs.features.empty()) set->features[files[i].features] = music.tonality;
  }
  return sets;
}

Corpus open_music(const MusicSet& set) {
  const DatasetConfig& wanted = set.music.dataset;
  FoundDataset found{"folder", set.folder / kMusicFolder};
  if (!is_composed(wanted)) found = find_dataset(wanted.name, wanted.input);
  return open_corpus(found.name, found.folder, {wanted.labels, wanted.classes});
}

void make_files(const MusicSet& set, const Team& team) {
  const MusicConfig& music = set.music;
  const Corpus corpus = open_music(set);
  auto files =
      read_files<FileInputs>(corpus, music.reading, team, "tokens, modes", [&](const CorpusPiece& piece) {
        FileInputs made{tokens_of_file(piece.midi, music.tokens), {}, {}};
        for (const auto& [path, tonality] : set.modes)
          made.modes.push_back(modes_of_file(piece.midi, tonality, music.tokens));
        for (const auto& [path, tonality] : set.features)
          made.features.push_back(features_of_file(piece.midi, tonality));
        return made;
      });
  if (!team.is_root()) return;
  std::vector<ReadFile<FileTokens>> tokens;
  std::vector<std::vector<ReadFile<FileModes>>> keys(set.modes.size());
  std::vector<std::vector<ReadFile<FeatureValues>>> features(set.features.size());
  for (auto& [midi_sha256, made] : files) {
    made.modes.resize(keys.size());  // of a file that was skipped there are none
    made.features.resize(features.size());
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].push_back({midi_sha256, std::move(made.modes[i])});
    for (std::size_t i = 0; i < features.size(); ++i) features[i].push_back({midi_sha256, made.features[i]});
    tokens.push_back({midi_sha256, std::move(made.tokens)});
  }
  const TokenizedCorpus tokenized = table_of(corpus, music.tokens, music.reading, std::move(tokens));
  remove_abandoned_temporaries(set.folder);
  log_info("{}", summary(tokenized));
  if (!holds(set.tokens, tokenized.table.header.content_sha256, read_tokens))
    write_tokens(set.tokens, tokenized.table);
  auto keys_of_mode = keys.begin();
  for (const auto& [path, tonality] : set.modes) {
    const ModeTable modes =
        table_of(corpus, tonality, music.tokens, music.reading, std::move(*keys_of_mode++));
    log_info("{}", summary_of(modes, corpus));
    if (!holds(path, modes.header.content_sha256, read_modes)) write_modes(path, modes);
  }
  auto features_of_keys = features.begin();
  for (const auto& [path, tonality] : set.features) {
    const FeatureTable table = table_of(corpus, tonality, music.reading, *features_of_keys++);
    if (!holds(path, table.header.content_sha256, read_features)) write_features(path, table);
  }
}

}  // namespace

FoundDataset find_dataset(const std::string& name, const std::filesystem::path& folder) {
  if (folder.empty())
    fail(ExitCode::kUsage, "data set {} needs its folder: give --data DIR or set dataset.input", name);
  if (!std::filesystem::is_directory(folder)) fail(ExitCode::kMissing, "{}: no such folder", folder.string());
  for (const DatasetKind& known : dataset_kinds()) {
    if (*known.landmark == 0 || (name != known.name && name != "synthetic"))
      continue;  // any may replace composed music
    for (const auto& candidate : {folder, folder / known.name})
      if (std::filesystem::exists(candidate / known.landmark)) return {known.name, candidate};
  }
  return {name == "synthetic" ? "folder" : name, folder};
}

void compose_music(const Experiment& experiment, const std::filesystem::path& results) {
  for (const MusicSet& set : music_to_make(experiment, results)) {
    if (!is_composed(set.music.dataset)) continue;
    remove_abandoned_temporaries(set.folder / kMusicFolder);
    write_synthetic_corpus(set.folder / kMusicFolder, compose_corpus(set.music.dataset.synthetic));
  }
}

void make_inputs(const Experiment& experiment, const std::filesystem::path& results, const Team& team) {
  const std::vector<MusicSet> sets = music_to_make(experiment, results);
  for (const MusicSet& set : sets) {
    if (team.is_root() && sets.size() > 1) log_info("{}", set.folder.string());
    make_files(set, team);
  }
  if (team.is_root()) remove_abandoned_temporaries(results / "tables");
}

void use_data(ConfigNode& root, const std::filesystem::path& folder) {
  const ConfigSource source("--data " + folder.string(), 0);
  set_config(root, "dataset.input", text_node(folder.string(), source));
  const ExperimentBase base = read_base(root);
  if (base.music.dataset.name != "synthetic") return;

  const FoundDataset found = find_dataset("synthetic", folder);
  set_config(root, "dataset.name", text_node(found.name, source));
  set_config(root, "dataset.input", text_node(found.folder.string(), source));
  set_config(root, "name", text_node(base.name + "_" + found.name, source));
  const auto labels = found.folder / "labels.csv";
  if (found.name == "emopia") {
    set_config(root, "data.split", text_node("song_level", source));
  } else if (found.name == "vgmidi" || !std::filesystem::exists(labels) || !read_csv(labels).has("split")) {
    set_config(root, "data.split", text_node("folds", source));
    ConfigNode parts;
    parts.kind = ConfigNode::Kind::kSequence;
    parts.items = {text_node("test", source)};
    set_config(root, "data.evaluate", parts);
  }
}

}  // namespace mofi
