#pragma once
// From a corpus of MIDI files to the features of every piece.

#include <string>
#include <vector>

#include "features/feature_table.h"
#include "features/piece_features.h"
#include "midi/read_corpus.h"
#include "tonality/find_modes.h"

namespace mofi {

/// Of a whole piece, whatever unit has keys otherwise: features know of no rows.
FeatureValues features_of_file(const MidiFile& midi, const ModeOptions& options);

/// The table of what was made of a corpus's files, for the first rank.
FeatureTable table_of(const Corpus& corpus, const ModeOptions& options, const ReadOptions& reading,
                      const std::vector<ReadFile<FeatureValues>>& files);

/// Reads the corpus with all ranks of the team; the others than the first get an empty table.
FeatureTable extract_features(const Corpus& corpus, const ModeOptions& options = {},
                              const ReadOptions& reading = {}, const Team& team = {});

}  // namespace mofi
