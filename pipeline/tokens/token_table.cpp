#include "tokens/token_table.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/error.h"
#include "core/hash.h"
#include "core/provenance.h"

namespace mofi {
namespace {

constexpr const char* kSchema = "mofi-tokens/2";

template <class T, class U>
std::vector<T> column_of(const std::vector<TokenPiece>& pieces, U TokenPiece::*field) {
  std::vector<T> values;
  values.reserve(pieces.size());
  for (const TokenPiece& piece : pieces) values.push_back(static_cast<T>(piece.*field));
  return values;
}

template <class T>
std::vector<std::int64_t> column_numbers(const TokenScheme& scheme, T TokenColumn::*field) {
  std::vector<std::int64_t> values;
  for (const TokenColumn& column : scheme.columns) values.push_back(column.*field);
  return values;
}

std::vector<std::string> column_names(const TokenScheme& scheme) {
  std::vector<std::string> names;
  for (const TokenColumn& column : scheme.columns) names.push_back(column.name);
  return names;
}

std::int64_t one_integer(const Hdf5Reader& file, const std::string& name) {
  const std::vector<std::int64_t> values = file.integer_attribute("", name);
  if (values.size() != 1)
    fail(ExitCode::kData, "{}: attribute {} has {} values; expected one", file.path().string(), name,
         values.size());
  return values[0];
}

TokenScheme read_scheme(const Hdf5Reader& file) {
  const std::string path = file.path().string();
  TokenScheme scheme;
  scheme.name = file.text_attribute("", "scheme");
  const auto names = file.texts_attribute("", "column_names");
  const auto sizes = file.integer_attribute("", "column_sizes");
  const auto pads = file.integer_attribute("", "pad_ids"), masks = file.integer_attribute("", "mask_ids");
  if (names.empty() || sizes.size() != names.size() || pads.size() != names.size() ||
      masks.size() != names.size())
    fail(ExitCode::kData,
         "{}: column_names, column_sizes, pad_ids and mask_ids have {}, {}, {} and {} values; expected as "
         "many",
         path, names.size(), sizes.size(), pads.size(), masks.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_sound = sizes[i] >= 1 && sizes[i] <= 256 && 0 <= pads[i] && pads[i] < sizes[i] &&
                          0 <= masks[i] && masks[i] < sizes[i];
    if (!is_sound)
      fail(ExitCode::kData,
           "{}: column {} has size {}, pad {} and mask {}; expected at most 256 ids with both among them",
           path, names[i], sizes[i], pads[i], masks[i]);
    scheme.columns.push_back(
        {names[i], static_cast<int>(sizes[i]), static_cast<int>(pads[i]), static_cast<int>(masks[i])});
  }
  const std::int64_t pitch_column = one_integer(file, "pitch_column"),
                     pitch_ids = one_integer(file, "pitch_ids");
  const std::int64_t lowest_pitch = one_integer(file, "lowest_pitch");
  if (pitch_column < 0 || pitch_column >= static_cast<std::int64_t>(names.size()) || pitch_ids < 1 ||
      pitch_ids > sizes[static_cast<std::size_t>(pitch_column)] || lowest_pitch < 0 ||
      lowest_pitch + pitch_ids > 128)
    fail(ExitCode::kData,
         "{}: pitch_column {}, pitch_ids {} and lowest_pitch {} do not fit the columns and MIDI's pitches",
         path, pitch_column, pitch_ids, lowest_pitch);
  scheme.pitch_column = static_cast<int>(pitch_column);
  scheme.pitch_ids = static_cast<int>(pitch_ids);
  scheme.lowest_pitch = static_cast<int>(lowest_pitch);
  return scheme;
}

/// Every word before a row's length is of the vocabulary, every word after it is padding.
void check_row(const TokenTable& table, std::size_t row, const std::string& path) {
  const std::size_t columns = table.columns();
  const std::span<const std::uint8_t> words = table.row(row);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const TokenColumn& column = table.scheme.columns[i % columns];
    const bool is_padding = i / columns >= table.length[row];
    if (is_padding ? words[i] != column.pad : words[i] >= column.size || words[i] == column.pad)
      fail(ExitCode::kData, "{}: row {}, word {}, column {} has id {}; expected {}", path, row, i / columns,
           column.name, words[i],
           is_padding ? fmt::format("padding ({}), as the row has {} words", column.pad, table.length[row])
                      : fmt::format("one of 0..{} but not padding ({})", column.size - 1, column.pad));
  }
}

/// Every piece has rows, in the order of pieces, of which only the last is not full.
void check_rows(const TokenTable& table, const std::string& path) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const bool continues = row > 0 && table.piece[row] == table.piece[row - 1];
    const std::uint32_t expected = row == 0 ? 0 : table.piece[row - 1] + (continues ? 0 : 1);
    if (table.piece[row] != expected || table.piece[row] >= table.pieces.size())
      fail(ExitCode::kData,
           "{}: row {} is of piece {}; expected the rows of {} pieces one after the other, here {}", path,
           row, table.piece[row], table.pieces.size(), expected);
    if (table.length[row] < 1 || table.length[row] > table.row_words ||
        (continues && table.length[row - 1] != table.row_words))
      fail(ExitCode::kData,
           "{}: row {} has length {}; expected 1..{}, and full rows before the last of a piece", path, row,
           table.length[row], table.row_words);
    check_row(table, row, path);
  }
  if (!table.pieces.empty() && (table.rows() == 0 || table.piece.back() + 1 != table.pieces.size()))
    fail(ExitCode::kData, "{}: has {} pieces, but rows of fewer", path, table.pieces.size());
}

std::vector<TokenPiece> read_pieces(const Hdf5Reader& file, const TokenTable& table) {
  const std::string path = file.path().string();
  const auto id = file.read_strings("pieces/id");
  const std::size_t count = id.size();
  const auto group = file.read_strings("pieces/group", count),
             sha256 = file.read_strings("pieces/midi_sha256", count);
  const auto label = file.read<std::int32_t>("pieces/label", count);
  const auto pitch_min = file.read<std::uint8_t>("pieces/pitch_min", count);
  const auto pitch_max = file.read<std::uint8_t>("pieces/pitch_max", count);
  const auto unpaired = file.read<std::uint32_t>("pieces/unpaired_notes", count);
  const auto out_of_range = file.read<std::uint32_t>("pieces/out_of_range_notes", count);
  const auto dropped = file.read<std::uint32_t>("pieces/dropped_words", count);
  const auto split = file.read_array<std::uint8_t>("pieces/split", 2);
  const std::size_t splits = table.split_names.size();
  if (split.shape[0] != count || split.shape[1] != splits)
    fail(ExitCode::kData, "{}: /pieces/split has the shape {} x {}; expected {} x {}", path, split.shape[0],
         split.shape[1], count, splits);

  std::vector<TokenPiece> pieces(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (label[i] < -1 || label[i] >= static_cast<std::int64_t>(table.class_names.size()))
      fail(ExitCode::kData, "{}: piece {} has label {}; expected -1 or one of the {} classes", path, id[i],
           label[i], table.class_names.size());
    const int lowest = table.scheme.lowest_pitch, highest = table.scheme.highest_pitch();
    if (pitch_min[i] < lowest || pitch_max[i] > highest || pitch_min[i] > pitch_max[i])
      fail(ExitCode::kData, "{}: piece {} has pitches {}..{}; expected them within {}..{}", path, id[i],
           pitch_min[i], pitch_max[i], lowest, highest);
    pieces[i] = {id[i],     group[i],    label[i],        {},        pitch_min[i], pitch_max[i],
                 sha256[i], unpaired[i], out_of_range[i], dropped[i]};
    for (std::size_t k = 0; k < splits; ++k) {
      const std::uint8_t part = split.values[i * splits + k];
      if (part > static_cast<std::uint8_t>(SplitPart::kTest))
        fail(ExitCode::kData, "{}: piece {} has part {} in the split {}; expected 0 to 3", path, id[i], part,
             table.split_names[k]);
      pieces[i].split.push_back(static_cast<SplitPart>(part));
    }
  }
  return pieces;
}

}  // namespace

std::string content_digest(const TokenTable& table) {
  Sha256 hash;
  const auto number = [&](std::int64_t value) { hash.update(static_cast<std::uint64_t>(value)); };
  const auto texts = [&](const std::vector<std::string>& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const std::string& value : values) hash.update(value);
  };
  hash.update(kSchema).update(table.dataset).update(table.scheme.name).update(table.options);
  texts(column_names(table.scheme));
  for (const TokenColumn& column : table.scheme.columns)
    for (const int value : {column.size, column.pad, column.mask}) number(value);
  for (const int value :
       {table.scheme.pitch_column, table.scheme.pitch_ids, table.scheme.lowest_pitch, table.row_words})
    number(value);
  texts(table.class_names);
  texts(table.split_names);
  number(static_cast<std::int64_t>(table.rows()));
  for (std::size_t row = 0; row < table.rows(); ++row) {
    number(table.length[row]);
    number(table.piece[row]);
  }
  hash.update(std::as_bytes(std::span(table.words)));
  number(static_cast<std::int64_t>(table.pieces.size()));
  for (const TokenPiece& piece : table.pieces) {
    hash.update(piece.id).update(piece.group).update(piece.midi_sha256);
    for (const int value : {piece.label, piece.pitch_min, piece.pitch_max}) number(value);
    for (const std::uint32_t value : {piece.unpaired_notes, piece.out_of_range_notes, piece.dropped_words})
      number(value);
    for (const SplitPart part : piece.split) number(static_cast<std::int64_t>(part));
  }
  return hash.hex();
}

void write_tokens(const std::filesystem::path& path, const TokenTable& table) {
  Hdf5Writer file(path);
  ArtifactHeader header = table.header;
  header.schema = kSchema;
  header.content_sha256 = content_digest(table);
  header.producer = producer();
  write_header(file, header);

  const TokenScheme& scheme = table.scheme;
  file.attribute("", "dataset", table.dataset);
  file.attribute("", "scheme", scheme.name);
  if (!table.options.empty()) file.attribute("", "options", table.options);
  file.attribute("", "column_names", column_names(scheme));
  file.attribute("", "column_sizes", column_numbers(scheme, &TokenColumn::size));
  file.attribute("", "pad_ids", column_numbers(scheme, &TokenColumn::pad));
  file.attribute("", "mask_ids", column_numbers(scheme, &TokenColumn::mask));
  file.attribute("", "pitch_column", std::vector<std::int64_t>{scheme.pitch_column});
  file.attribute("", "pitch_ids", std::vector<std::int64_t>{scheme.pitch_ids});
  file.attribute("", "lowest_pitch", std::vector<std::int64_t>{scheme.lowest_pitch});
  if (!table.class_names.empty()) file.attribute("", "class_names", table.class_names);
  if (!table.split_names.empty()) file.attribute("", "split_names", table.split_names);

  file.write<std::uint8_t>("tokens", table.words,
                           {table.rows(), static_cast<std::uint64_t>(table.row_words), table.columns()});
  file.write("length", table.length);
  file.write("piece", table.piece);
  file.write_strings("pieces/id", column_of<std::string>(table.pieces, &TokenPiece::id));
  file.write_strings("pieces/group", column_of<std::string>(table.pieces, &TokenPiece::group));
  file.write_strings("pieces/midi_sha256", column_of<std::string>(table.pieces, &TokenPiece::midi_sha256));
  file.write("pieces/label", column_of<std::int32_t>(table.pieces, &TokenPiece::label));
  file.write("pieces/pitch_min", column_of<std::uint8_t>(table.pieces, &TokenPiece::pitch_min));
  file.write("pieces/pitch_max", column_of<std::uint8_t>(table.pieces, &TokenPiece::pitch_max));
  file.write("pieces/unpaired_notes", column_of<std::uint32_t>(table.pieces, &TokenPiece::unpaired_notes));
  file.write("pieces/out_of_range_notes",
             column_of<std::uint32_t>(table.pieces, &TokenPiece::out_of_range_notes));
  file.write("pieces/dropped_words", column_of<std::uint32_t>(table.pieces, &TokenPiece::dropped_words));
  std::vector<std::uint8_t> split;
  for (const TokenPiece& piece : table.pieces)
    for (const SplitPart part : piece.split) split.push_back(static_cast<std::uint8_t>(part));
  file.write<std::uint8_t>("pieces/split", split, {table.pieces.size(), table.split_names.size()});
  file.commit();
}

TokenTable read_tokens(const std::filesystem::path& path) {
  const Hdf5Reader file(path);
  TokenTable table;
  table.header = read_header(file, kSchema);
  table.dataset = file.text_attribute("", "dataset");
  table.scheme = read_scheme(file);
  if (file.has_attribute("", "options")) table.options = file.text_attribute("", "options");
  if (file.has_attribute("", "class_names")) table.class_names = file.texts_attribute("", "class_names");
  if (file.has_attribute("", "split_names")) table.split_names = file.texts_attribute("", "split_names");

  Array<std::uint8_t> tokens = file.read_array<std::uint8_t>("tokens", 3);
  if (tokens.shape[1] < 1 || tokens.shape[1] > std::numeric_limits<std::uint16_t>::max() ||
      tokens.shape[2] != table.columns())
    fail(ExitCode::kData,
         "{}: /tokens has rows of {} words with {} columns; expected 1..65535 words with {} columns",
         path.string(), tokens.shape[1], tokens.shape[2], table.columns());
  table.row_words = static_cast<int>(tokens.shape[1]);
  table.words = std::move(tokens.values);
  table.length = file.read<std::uint16_t>("length", tokens.shape[0]);
  table.piece = file.read<std::uint32_t>("piece", tokens.shape[0]);
  table.pieces = read_pieces(file, table);
  check_rows(table, path.string());
  require_digest(file, table.header, content_digest(table));
  return table;
}

}  // namespace mofi
