#pragma once
// From a corpus of MIDI files to the key and mode of every piece, or of every row of its tokens.

#include <string>

#include "midi/read_corpus.h"
#include "tokens/token_options.h"
#include "tonality/key_profiles.h"
#include "tonality/mode_table.h"
#include "tonality/weighting.h"

namespace mofi {

struct ModeOptions {
  std::string profile = "krumhansl_kessler";
  std::string weighting = "ticks";
  std::string pairing = "all";
  std::string unit = "piece";
};

void describe(auto& field, ModeOptions& options) {
  field("profile", options.profile, {.help = "key profile", .choices = key_profile_names()});
  field("weighting", options.weighting, {.help = weighting_help(), .choices = weighting_names()});
  field("pairing", options.pairing,
        {.help = "notes that a note-off ends: all open ones of its key, or the first (fifo)",
         .choices = pairing_names()});
  field("unit", options.unit,
        {.help = "what has a key: a piece, or every row of its tokens (segment)",
         .choices = {"piece", "segment"}});
}

/// Pieces are in the order of Corpus::files, those without notes included (undefined). With unit "segment"
/// the rows are those that tokenize_corpus makes with the options `tokens`, and pieces without a row are left
/// out. Collective over the team, whose first rank gets the table; neither ranks nor threads change it.
ModeTable find_modes(const Corpus& corpus, const ModeOptions& options = {}, const TokenOptions& tokens = {},
                     const ReadOptions& reading = {}, const Team& team = {});

}  // namespace mofi
