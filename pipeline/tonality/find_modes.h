#pragma once
// From a corpus of MIDI files to the key and mode of every piece.

#include <string>

#include "midi/read_corpus.h"
#include "tonality/key_profiles.h"
#include "tonality/mode_table.h"
#include "tonality/weighting.h"

namespace mofi {

struct ModeOptions {
  std::string profile = "krumhansl_kessler";
  std::string weighting = "ticks";
};

void describe(auto& field, ModeOptions& options) {
  field("profile", options.profile, {.help = "key profile", .choices = key_profile_names()});
  field("weighting", options.weighting, {.help = weighting_help(), .choices = weighting_names()});
}

/// Pieces are in the order of Corpus::files, those without notes included (undefined). Threads do not change
/// the result.
ModeTable find_modes(const Corpus& corpus, const ModeOptions& options = {},
                     const ReadOptions& read_options = {});

}  // namespace mofi
