#pragma once
// The choices that turn notes into rows of words. The defaults are MIDI-BERT's (specification section 2).

#include <string>

#include "core/config.h"
#include "midi/read_corpus.h"
#include "tokens/token_scheme.h"

namespace mofi {

struct TokenOptions {
  std::string scheme = "cp4";
  std::string ticks = "raw";
  std::string out_of_range = "skip_note";
  int segment_words = 512;
  int min_tail_words = 1;
};

void describe(auto& field, TokenOptions& options) {
  field("scheme", options.scheme,
        {.help = "columns of a word: cp4 (Bar, Position, Pitch, Duration) or cp6 (with Velocity and Tempo)",
         .choices = token_scheme_names()});
  field("ticks", options.ticks,
        {.help = "raw: as in the file, whatever its resolution; rescale480: as if at 480 a quarter",
         .choices = {"raw", "rescale480"}});
  field("out_of_range", options.out_of_range,
        {.help = "what becomes of a note whose pitch has no id",
         .choices = {"skip_note", "clamp", "fold_octave", "error"}});
  field("segment_words", options.segment_words,
        {.help = "words of a row", .unit = "words", .minimum = 1, .maximum = 65535});
  field("min_tail_words", options.min_tail_words,
        {.help = "shorter last rows are dropped; 256 is MIDI-BERT's rule for its composer task",
         .unit = "words",
         .minimum = 1,
         .maximum = 65535});
}

/// What decided the rows, as tokens.h5 records it: {"reading": …, "tokens": …} with the fields that count.
inline std::string made_by(const ReadOptions& reading, const TokenOptions& options) {
  return Json{{"reading", config_to_json(reading, true)}, {"tokens", config_to_json(options, true)}}.dump();
}

}  // namespace mofi
