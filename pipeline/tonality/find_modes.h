#pragma once
// From a corpus of MIDI files to the key and mode of every piece, or of every row of its tokens.

#include <string>
#include <vector>

#include "midi/read_corpus.h"
#include "tokens/token_options.h"
#include "tonality/key_profiles.h"
#include "tonality/mode_table.h"
#include "tonality/weighting.h"

namespace mofi {

struct ModeOptions {
  std::string profile = "krumhansl_kessler";
  std::string weighting = "ticks";
  std::string unit = "piece";
};

void describe(auto& field, ModeOptions& options) {
  field("profile", options.profile, {.help = "key profile", .choices = key_profile_names()});
  field("weighting", options.weighting, {.help = weighting_help(), .choices = weighting_names()});
  field("unit", options.unit,
        {.help = "what has a key: a piece, or every row of its tokens (segment)",
         .choices = {"piece", "segment"}});
}

/// What one file gives to the table: one mode, or with unit "segment" one for every row that tokenize makes
/// of it with the options `tokens`. Which file it is of, the table says.
using FileModes = std::vector<PieceMode>;
FileModes modes_of_file(const MidiFile& midi, const ModeOptions& options, const TokenOptions& tokens);
Packer& operator<<(Packer& packer, const PieceMode& mode);
Unpacker& operator>>(Unpacker& unpacker, PieceMode& mode);

/// The table of all files, which it takes, in their order. Pieces without notes are undefined, or have no
/// segment.
ModeTable table_of(const Corpus& corpus, const ModeOptions& options, const TokenOptions& tokens,
                   const ReadOptions& reading, std::vector<ReadFile<FileModes>> files);

/// The two together. Collective over the team, whose first rank gets the table; neither ranks nor threads
/// change it. Bad files are an error that names each, unless they are to be skipped.
ModeTable find_modes(const Corpus& corpus, const ModeOptions& options = {}, const TokenOptions& tokens = {},
                     const ReadOptions& reading = {}, const Team& team = {});

}  // namespace mofi
