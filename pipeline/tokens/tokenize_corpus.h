#pragma once
// From a corpus of MIDI files to its table of tokens.

#include <string>

#include "midi/read_corpus.h"
#include "tokens/token_options.h"
#include "tokens/token_table.h"

namespace mofi {

/// What the tokeniser met on the way; no part of the table.
struct TokenizeCounts {
  std::size_t files = 0;
  std::size_t bad_files = 0;    ///< skipped because they could not be used
  std::size_t empty_files = 0;  ///< skipped because they have no note (in range)
  std::size_t short_files = 0;  ///< skipped because their only row was too short
};

struct TokenizedCorpus {
  TokenTable table;  ///< empty on ranks other than the first
  TokenizeCounts counts;
};

/// Pieces are in the order of Corpus::files. Files without notes are left out with a warning; bad files are
/// an error that names each, unless they are to be skipped. Collective over the team, whose first rank gets
/// the table; neither ranks nor threads change it.
TokenizedCorpus tokenize_corpus(const Corpus& corpus, const TokenOptions& options = {},
                                const ReadOptions& reading = {}, const Team& team = {});

/// A few lines for the terminal: pieces, rows, words, labels, splits, what was left out.
std::string summary(const TokenizedCorpus& tokenized);

}  // namespace mofi
