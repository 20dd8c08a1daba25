#include "tokens/midibert_arrays.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "core/config.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/quadrants.h"
#include "storage/npy.h"
#include "tokens/compound_word.h"

namespace mofi {
namespace {

/// Labels without class names must stay below this: a label is untrusted, and each class gets a name.
constexpr std::int64_t kMostClasses = 1000;

/// "midibert/train, midibert/valid …": every part of every split that has pieces.
std::string parts_there_are(const TokenTable& table) {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < table.split_names.size(); ++k)
    for (const SplitPart part : {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest, SplitPart::kNone})
      if (std::ranges::any_of(table.pieces, [&](const TokenPiece& piece) { return piece.split[k] == part; }))
        parts.push_back(fmt::format("{}/{}", table.split_names[k], split_part_name(part)));
  return parts.empty() ? "no split" : fmt::format("{}", fmt::join(parts, ", "));
}

std::optional<TokenScheme> scheme_of_columns(std::uint64_t columns) {
  for (const std::string& name : token_scheme_names())
    if (token_scheme(name).columns.size() == columns) return token_scheme(name);
  return std::nullopt;
}

/// Over the elements as int64, whatever type the file has them in.
std::string data_digest(const NpyArray& array, const std::string& name) {
  if (array.dtype == "i8") return sha256_of_bytes(array.data);
  const std::vector<std::int64_t> values = integers_of(array, name);
  return sha256_of_bytes(std::as_bytes(std::span(values)));
}

/// The scheme and row length that the first array decides, and every other must share.
void check_shape(const NpyArray& array, const std::string& name, TokenTable& table) {
  if (array.shape.size() != 3 || array.shape[0] < 1)
    fail(ExitCode::kData, "{}: has the shape {}; expected rows of words of columns, such as (924, 512, 4)",
         name, shape_text(array.shape));
  const auto scheme = scheme_of_columns(array.shape[2]);
  if (!scheme)
    fail(ExitCode::kData,
         "{}: has words of {} columns (shape {}), for which no token scheme is known; cp4 has 4, cp6 has 6",
         name, array.shape[2], shape_text(array.shape));
  if (array.shape[1] < 1 || array.shape[1] > std::numeric_limits<std::uint16_t>::max())
    fail(ExitCode::kData, "{}: has rows of {} words; expected 1 to {}", name, array.shape[1],
         std::numeric_limits<std::uint16_t>::max());
  if (table.scheme.columns.empty()) {
    table.scheme = *scheme;
    table.row_words = static_cast<int>(array.shape[1]);
  } else if (table.scheme.name != scheme->name ||
             static_cast<std::uint64_t>(table.row_words) != array.shape[1]) {
    fail(ExitCode::kData, "{}: has rows of {} words of {} columns; the array before it has {} of {}", name,
         array.shape[1], array.shape[2], table.row_words, table.columns());
  }
}

/// Appends one row, whose pitches widen those of `piece`.
void append_row(std::span<const std::int64_t> words, std::size_t row, const std::string& name,
                TokenTable& table, TokenPiece& piece) {
  const TokenScheme& scheme = table.scheme;
  const std::size_t columns = table.columns();
  std::size_t length = 0;
  piece.pitch_min = 127;
  for (std::size_t word = 0; word < words.size() / columns; ++word) {
    std::size_t padded = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::int64_t id = words[word * columns + c];
      const TokenColumn& column = scheme.columns[c];
      if (id < 0 || id >= column.size || id == column.mask)
        fail(ExitCode::kData,
             "{}: row {}, word {}, column {} has id {}; expected one of 0..{} but not the mask ({})", name,
             row, word, column.name, id, column.size - 1, column.mask);
      padded += id == column.pad ? 1 : 0;
      table.words.push_back(static_cast<std::uint8_t>(id));
    }
    if (padded != 0 && padded != columns)
      fail(ExitCode::kData,
           "{}: row {}, word {} has padding in {} of its {} columns; expected it in all or none", name, row,
           word, padded, columns);
    if (padded == columns) continue;
    if (length != word)
      fail(ExitCode::kData, "{}: row {} has word {} after padding; expected padding at the end only", name,
           row, word);
    ++length;
    const auto pitch_id = words[word * columns + static_cast<std::size_t>(scheme.pitch_column)];
    const int pitch = scheme.lowest_pitch + static_cast<int>(pitch_id);
    piece.pitch_min = std::min(piece.pitch_min, pitch);
    piece.pitch_max = std::max(piece.pitch_max, pitch);
  }
  if (length == 0)
    fail(ExitCode::kData, "{}: row {} has no word, only padding; leave such rows out", name, row);
  table.length.push_back(static_cast<std::uint16_t>(length));
}

/// The labels of an array's rows; all -1 without a file of them.
std::vector<std::int64_t> read_labels(const ArrayToImport& array, std::uint64_t rows, std::string& digest) {
  if (array.labels.empty()) return std::vector<std::int64_t>(rows, -1);
  const std::string name = array.labels.string();
  const NpyFile file = read_npy(array.labels);
  if (file.array.shape != std::vector<std::uint64_t>{rows})
    fail(ExitCode::kData, "{}: has the shape {}; expected one label for every row of {}, which is ({},)",
         name, shape_text(file.array.shape), array.words.string(), rows);
  digest = data_digest(file.array, name);
  return integers_of(file.array, name);
}

/// Names for the classes 0..highest; fails on what a label cannot be.
std::vector<std::string> names_of_classes(std::int64_t highest, const std::vector<std::string>& given) {
  if (!given.empty() || highest < 0) return given;
  if (highest == 3) return quadrant_names();
  std::vector<std::string> names;
  for (std::int64_t i = 0; i <= highest; ++i) names.push_back(fmt::format("class_{}", i));
  return names;
}

void check_arguments(std::span<const ArrayToImport> arrays, const ImportOptions& options) {
  if (arrays.empty()) fail(ExitCode::kUsage, "there is no array to import");
  for (std::size_t i = 0; i < arrays.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (arrays[i].part == arrays[j].part)
        fail(ExitCode::kUsage, "{} and {} would both be in the part {}; expected another part for each array",
             arrays[j].words.string(), arrays[i].words.string(), split_part_name(arrays[i].part));
  for (std::size_t i = 0; i < options.class_names.size(); ++i)
    if (options.class_names[i].empty() ||
        std::find(options.class_names.begin(), options.class_names.begin() + static_cast<std::ptrdiff_t>(i),
                  options.class_names[i]) != options.class_names.begin() + static_cast<std::ptrdiff_t>(i))
      fail(ExitCode::kUsage, "the class name '{}' is empty or given twice", options.class_names[i]);
}

}  // namespace

std::vector<std::size_t> rows_in_split(const TokenTable& table, const std::string& split_and_part,
                                       const std::string& name) {
  std::vector<std::size_t> rows;
  if (split_and_part.empty()) {
    for (std::size_t row = 0; row < table.rows(); ++row) rows.push_back(row);
    return rows;
  }
  const std::size_t slash = split_and_part.rfind('/');
  const std::string split = split_and_part.substr(0, slash),
                    part = slash == std::string::npos ? "" : split_and_part.substr(slash + 1);
  const auto found = std::ranges::find(table.split_names, split);
  const auto wanted = std::ranges::find(kSplitPartNames, part);
  if (found != table.split_names.end() && wanted != std::end(kSplitPartNames)) {
    const auto k = static_cast<std::size_t>(found - table.split_names.begin());
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (split_part_name(table.pieces[table.piece[row]].split[k]) == part) rows.push_back(row);
  }
  if (rows.empty())
    fail(ExitCode::kUsage, "{}: has no rows in '{}'; it has {}", name, split_and_part,
         parts_there_are(table));
  return rows;
}

MidibertArrays to_midibert_arrays(const TokenTable& table, std::span<const std::size_t> rows) {
  MidibertArrays arrays;
  arrays.shape = {rows.size(), static_cast<std::uint64_t>(table.row_words), table.columns()};
  arrays.words.reserve(rows.size() * static_cast<std::size_t>(table.row_words) * table.columns());
  for (const std::size_t row : rows) {
    const auto words = table.row(row);
    arrays.words.insert(arrays.words.end(), words.begin(), words.end());
    arrays.labels.push_back(table.pieces[table.piece[row]].label);
    arrays.unlabelled_rows += arrays.labels.back() < 0 ? 1 : 0;
  }
  return arrays;
}

ExportFiles export_files(const std::filesystem::path& prefix) {
  std::filesystem::path stem = prefix;
  if (stem.extension() == ".npy") stem.replace_extension();
  return {stem.string() + ".npy", stem.string() + "_ans.npy"};
}

ExportedFiles write_midibert_arrays(const std::filesystem::path& prefix, const MidibertArrays& arrays) {
  ExportedFiles files{export_files(prefix), {}, {}};
  remove_abandoned_temporaries(folder_of(files.words));
  files.words_sha256 = sha256_of_bytes(std::as_bytes(std::span(arrays.words)));
  files.labels_sha256 = sha256_of_bytes(std::as_bytes(std::span(arrays.labels)));
  write_npy(files.words, arrays.shape, arrays.words);
  write_npy(files.labels, std::array{arrays.shape[0]}, arrays.labels);
  return files;
}

TokenTable import_midibert_arrays(std::span<const ArrayToImport> arrays, const ImportOptions& options) {
  check_arguments(arrays, options);
  TokenTable table;
  table.dataset = options.dataset;
  const bool has_parts =
      std::ranges::any_of(arrays, [](const auto& a) { return a.part != SplitPart::kNone; });
  if (has_parts) table.split_names = {options.split};

  std::int64_t highest_label = -1;
  for (const ArrayToImport& source : arrays) {
    const std::string name = source.words.string(), part = split_part_name(source.part);
    const NpyFile file = read_npy(source.words);
    const NpyArray& array = file.array;
    check_shape(array, name, table);
    const std::string prefix = has_parts ? part : "row";
    table.header.inputs[has_parts ? part : "words"] = data_digest(array, name);
    std::string labels_digest;
    const std::vector<std::int64_t> labels = read_labels(source, array.shape[0], labels_digest);
    if (!labels_digest.empty()) table.header.inputs[has_parts ? part + "_labels" : "labels"] = labels_digest;
    const std::int64_t classes =
        options.class_names.empty() ? kMostClasses : static_cast<std::int64_t>(options.class_names.size());

    const std::uint64_t row_bytes = array.data.size() / array.shape[0];
    for (std::size_t row = 0; row < labels.size(); ++row) {
      if (labels[row] < -1 || labels[row] >= classes)
        fail(ExitCode::kData, "{}: row {} has label {}; expected 0..{}, or -1 for none",
             source.labels.string(), row, labels[row], classes - 1);
      highest_label = std::max(highest_label, labels[row]);
      TokenPiece piece;
      piece.id = fmt::format("{}_{:05}", prefix, row);
      piece.group = piece.id;
      piece.label = static_cast<int>(labels[row]);
      if (has_parts) piece.split = {source.part};
      const NpyArray one_row{
          array.dtype, {array.shape[1], array.shape[2]}, array.data.subspan(row * row_bytes, row_bytes)};
      append_row(integers_of(one_row, name), row, name, table, piece);
      table.piece.push_back(static_cast<std::uint32_t>(table.pieces.size()));
      table.pieces.push_back(std::move(piece));
    }
  }
  table.class_names = names_of_classes(highest_label, options.class_names);

  const Json choices = {{"import", "midibert arrays"},
                        {"scheme", table.scheme.name},
                        {"row_words", table.row_words},
                        {"class_names", table.class_names},
                        {"split_names", table.split_names}};
  table.header.config_sha256 = sha256_of_text(choices.dump());
  table.header.content_sha256 = content_digest(table);
  return table;
}

}  // namespace mofi
