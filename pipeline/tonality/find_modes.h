#pragma once
// From a corpus of MIDI files to the key and mode of every piece.

#include <string>

#include "midi/read_corpus.h"
#include "tonality/mode_table.h"

namespace mofi {

struct ModeOptions {
  std::string profile = "krumhansl_kessler";
  std::string weighting = "ticks";
};

void describe(auto& field, ModeOptions& options) {
  field("profile", options.profile, {.help = "key profile: krumhansl_kessler, aarden_essen …"});
  field("weighting", options.weighting,
        {.help = "what a note counts: its ticks, or one", .choices = {"ticks", "count"}});
}

/// Pieces are in the order of Corpus::files, those without notes included (undefined). Threads do not change
/// the result.
ModeTable find_modes(const Corpus& corpus, const ModeOptions& options = {},
                     const ReadOptions& read_options = {});

/// A few lines for the terminal: how many pieces are major, minor and undefined, for every label.
std::string summary(const ModeTable& table, const Corpus& corpus);

}  // namespace mofi
