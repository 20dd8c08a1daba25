#pragma once
// From a corpus of MIDI files to its table of tokens.

#include <string>

#include "midi/read_corpus.h"
#include "tokens/token_table.h"

namespace mofi {

/// What the tokeniser met on the way; no part of the table.
struct TokenizeCounts {
  std::size_t files = 0;
  std::size_t bad_files = 0;           ///< skipped because they could not be read
  std::size_t empty_files = 0;         ///< skipped because they have no note (in range)
  std::size_t words = 0;               ///< in all rows, without padding
  std::size_t out_of_range_notes = 0;  ///< left out of the words
  std::size_t files_with_out_of_range = 0;
};

struct TokenizedCorpus {
  TokenTable table;
  TokenizeCounts counts;
};

/// Pieces are in the order of Corpus::files. Files without notes are left out with a warning; bad files are
/// an error that names each, unless they are to be skipped. Threads do not change the result.
TokenizedCorpus tokenize_corpus(const Corpus& corpus, const ReadOptions& options = {});

/// A few lines for the terminal: pieces, rows, words, labels, splits, what was left out.
std::string summary(const TokenizedCorpus& tokenized);

}  // namespace mofi
