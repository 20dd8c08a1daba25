#pragma once
// From a corpus of MIDI files to its table of tokens.

#include <string>
#include <vector>

#include "midi/read_corpus.h"
#include "tokens/compound_word.h"
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
  TokenTable table;
  TokenizeCounts counts;
};

/// What one file gives to the table.
struct FileTokens {
  TokenizedPiece tokens;
  std::uint32_t unpaired_notes = 0;
};
FileTokens tokens_of_file(const MidiFile& midi, const TokenOptions& options);
Packer& operator<<(Packer& packer, const FileTokens& file);
Unpacker& operator>>(Unpacker& unpacker, FileTokens& file);

/// The table of all files, which it takes, in their order. Those without notes, or without a row, are left
/// out with a warning. Throws kData when none is left.
TokenizedCorpus table_of(const Corpus& corpus, const TokenOptions& options, const ReadOptions& reading,
                         std::vector<ReadFile<FileTokens>> files);

/// The two together. Collective over the team, whose first rank gets the table; neither ranks nor threads
/// change it. Bad files are an error that names each, unless they are to be skipped.
TokenizedCorpus tokenize_corpus(const Corpus& corpus, const TokenOptions& options = {},
                                const ReadOptions& reading = {}, const Team& team = {});

/// A few lines for the terminal: pieces, rows, words, labels, splits, what was left out.
std::string summary(const TokenizedCorpus& tokenized);

}  // namespace mofi
