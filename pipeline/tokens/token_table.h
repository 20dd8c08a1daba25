#pragma once
// tokens.h5 (schema mofi-tokens/2): the words of a corpus, cut into rows, and what is known of every piece.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "midi/split_part.h"
#include "storage/artifact.h"
#include "tokens/token_scheme.h"

namespace mofi {

struct TokenPiece {
  std::string id;                        ///< file name within the data set
  std::string group;                     ///< song: the unit that folds keep together
  int label = -1;                        ///< class, or -1
  std::vector<SplitPart> split;          ///< one per published split, in the order of TokenTable::split_names
  int pitch_min = 0, pitch_max = 0;      ///< MIDI pitches of its words, which bound the legal transpositions
  std::string midi_sha256;               ///< empty where the MIDI file is not known (imported arrays)
  std::uint32_t unpaired_notes = 0;      ///< left out: they end where they begin, or never
  std::uint32_t out_of_range_notes = 0;  ///< without an id for their pitch: left out, or moved into the range
  std::uint32_t dropped_words = 0;       ///< of a last row that was too short
};

struct TokenTable {
  std::string dataset;  ///< "emopia", "vgmidi", "folder", "pretrain"; joined ones "pretrain+emopia"
  TokenScheme scheme;
  std::string options;  ///< made_by (token_options.h) of the rows; empty where it is not known
  int row_words = 512;
  std::vector<std::uint8_t> words;    ///< [rows, row_words, columns], padded with each column's pad id
  std::vector<std::uint16_t> length;  ///< [rows] words that are not padding
  std::vector<std::uint32_t> piece;   ///< [rows] index into pieces; rows of a piece are consecutive, in order
  std::vector<TokenPiece> pieces;
  std::vector<std::string> class_names;  ///< "Q1" …: name of every label
  std::vector<std::string> split_names;  ///< "midibert", "emopia_cls", "song_level"; may be empty
  ArtifactHeader header;

  std::size_t rows() const { return length.size(); }
  std::size_t columns() const { return scheme.columns.size(); }
  std::span<const std::uint8_t> row(std::size_t r) const {
    return std::span(words).subspan(r * row_words * columns(), row_words * columns());
  }
};

/// Digest over contents (scheme, words, pieces): independent of threads, file order on disk, times and
/// producer.
std::string content_digest(const TokenTable& table);

/// Writes atomically; computes the content digest; `table.header.config_sha256` and `.inputs` are the
/// caller's.
void write_tokens(const std::filesystem::path& path, const TokenTable& table);

/// Reads everything into memory, checks schema, shapes, id ranges and digest. Throws kMissing or kData.
TokenTable read_tokens(const std::filesystem::path& path);

}  // namespace mofi
