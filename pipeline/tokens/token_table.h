#pragma once
// tokens.h5 (schema mofi-tokens/1): the words of a corpus, cut into rows, and what is known of every piece.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "midi/split_part.h"
#include "storage/artifact.h"

namespace mofi {

/// One column of a Compound Word.
struct TokenColumn {
  std::string name;  ///< "Bar", "Position", "Pitch", "Duration"
  int size = 0;      ///< ids 0..size-1, pad and mask included
  int pad = 0;
  int mask = 0;
};

/// A token scheme is data: nothing outside tokens/ knows columns by position.
struct TokenScheme {
  std::string name;  ///< "cp4"
  std::vector<TokenColumn> columns;
  int pitch_column = 2;   ///< the column that transposition moves
  int pitch_ids = 86;     ///< its ids 0..pitch_ids-1 are pitches, in semitone steps
  int lowest_pitch = 22;  ///< MIDI pitch of its id 0
};

struct TokenPiece {
  std::string id;                    ///< file name within the data set
  std::string group;                 ///< song: the unit that folds keep together
  int label = -1;                    ///< class, or -1
  std::vector<SplitPart> split;      ///< one per published split, in the order of TokenTable::split_names
  int pitch_min = 0, pitch_max = 0;  ///< MIDI pitches of its words
  std::string midi_sha256;
};

struct TokenTable {
  std::string dataset;  ///< "emopia", "vgmidi", "folder"
  TokenScheme scheme;
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
