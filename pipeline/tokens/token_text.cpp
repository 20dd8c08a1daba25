#include "tokens/token_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/aligned.h"
#include "core/config.h"
#include "midi/corpus.h"
#include "midi/pitch_name.h"
#include "storage/artifact_text.h"
#include "tokens/shared_songs.h"

namespace mofi {
namespace {

constexpr std::size_t kWordsShown = 8;    // of a row
constexpr std::size_t kClassesShown = 8;  // as columns of their own

std::vector<std::size_t> words_of_pieces(const TokenTable& table) {
  std::vector<std::size_t> words(table.pieces.size());
  for (std::size_t row = 0; row < table.rows(); ++row) words[table.piece[row]] += table.length[row];
  return words;
}

Facts size_facts(const TokenTable& table) {
  std::vector<std::size_t> words = words_of_pieces(table);
  std::set<std::string> groups;
  int lowest = 127, highest = 0;
  for (const TokenPiece& piece : table.pieces) {
    groups.insert(piece.group);
    lowest = std::min(lowest, piece.pitch_min);
    highest = std::max(highest, piece.pitch_max);
  }
  std::size_t total = 0;
  for (const std::size_t count : words) total += count;
  Facts facts = {
      {"size", fmt::format("{} of {}, in {} of {} words", counted(table.pieces.size(), "piece"),
                           counted(groups.size(), "song"), counted(table.rows(), "row"), table.row_words)}};
  if (words.empty()) return facts;
  std::ranges::sort(words);
  facts.push_back(
      {"words",
       fmt::format("{}; {} to {} a piece, median {}; {:.1f} % of the rows is padding", thousands(total),
                   thousands(words.front()), thousands(words.back()), thousands(words[words.size() / 2]),
                   100 - 100 * static_cast<double>(total) /
                             static_cast<double>(table.rows() * static_cast<std::size_t>(table.row_words)))});
  facts.push_back({"pitches", fmt::format("{} ({}) to {} ({})", pitch_name(lowest), lowest,
                                          pitch_name(highest), highest)});
  return facts;
}

/// What became of notes whose pitch has no id, by the options that made the table.
const char* fate_of_out_of_range_notes(const TokenTable& table) {
  const Json options = Json::parse(table.options, nullptr, false);
  const Json::json_pointer field("/tokens/out_of_range");
  if (!options.contains(field)) return "lost or moved";
  return options[field] == "skip_note" ? "lost" : "moved";
}

/// What of the pieces did not become words as it was.
Facts loss_facts(const TokenTable& table) {
  Facts facts;
  const auto add = [&](const char* fate, std::uint32_t TokenPiece::*count, const char* what,
                       const char* which) {
    std::uint64_t total = 0, pieces = 0;
    for (const TokenPiece& piece : table.pieces) {
      total += piece.*count;
      pieces += piece.*count > 0 ? 1 : 0;
    }
    if (total > 0)
      facts.push_back(
          {fate, fmt::format("{} {}, in {}", counted(total, what), which, counted(pieces, "piece"))});
  };
  add("lost", &TokenPiece::unpaired_notes, "note", "of no length or without an end");
  add(fate_of_out_of_range_notes(table), &TokenPiece::out_of_range_notes, "note", "whose pitch has no id");
  add("lost", &TokenPiece::dropped_words, "word", "of last rows that were too short");
  return facts;
}

/// Sizes, what was lost, and labels.
Facts contents_facts(const TokenTable& table) {
  Facts facts = size_facts(table);
  for (auto& fact : loss_facts(table)) facts.push_back(std::move(fact));
  std::vector<int> labels;
  for (const TokenPiece& piece : table.pieces) labels.push_back(piece.label);
  facts.push_back({"labels", label_counts(labels, table.class_names)});
  return facts;
}

/// Of a split that does not keep songs apart; empty of others.
std::string caution(const SharedSongs& shared, const std::string& split) {
  if (shared.any == 0) return "";
  return fmt::format(
      "  caution: {} in more than one part of {} ({} in train and test, {} in train and valid, {} in valid "
      "and "
      "test), so its scores are those of known songs\n",
      shared.any == 1 ? "1 song is" : thousands(shared.any) + " songs are", split, shared.train_test,
      shared.train_valid, shared.valid_test);
}

std::string splits_text(const TokenTable& table) {
  if (table.split_names.empty()) return "";
  const std::size_t classes = table.class_names.size() <= kClassesShown ? table.class_names.size() : 0;
  std::vector<std::vector<std::string>> lines = {{"split", "part", "pieces", "songs", "rows"}};
  for (std::size_t c = 0; c < classes; ++c) lines[0].push_back(table.class_names[c]);
  std::string cautions;
  for (std::size_t k = 0; k < table.split_names.size(); ++k) {
    for (const SplitPart part : {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest, SplitPart::kNone}) {
      std::size_t pieces = 0, rows = 0;
      std::set<std::string> songs;
      std::vector<std::size_t> of_class(classes);
      for (const TokenPiece& piece : table.pieces) {
        if (piece.split[k] != part) continue;
        ++pieces;
        songs.insert(piece.group);
        if (piece.label >= 0 && static_cast<std::size_t>(piece.label) < classes)
          ++of_class[static_cast<std::size_t>(piece.label)];
      }
      for (std::size_t row = 0; row < table.rows(); ++row)
        rows += table.pieces[table.piece[row]].split[k] == part ? 1 : 0;
      if (pieces == 0) continue;
      lines.push_back({table.split_names[k], split_part_name(part), thousands(pieces),
                       thousands(songs.size()), thousands(rows)});
      for (const std::size_t count : of_class) lines.back().push_back(thousands(count));
    }
    cautions += caution(shared_songs(table, k), table.split_names[k]);
  }
  return aligned(lines, "ll" + std::string(3 + classes, 'r')) + cautions;
}

std::string columns_text(const TokenScheme& scheme) {
  std::vector<std::string> columns;
  for (const TokenColumn& column : scheme.columns)
    columns.push_back(
        fmt::format("{} {} (pad {}, mask {})", column.name, column.size, column.pad, column.mask));
  return fmt::format("{}", fmt::join(columns, ", "));
}

/// The words of a row as music. `bar` counts the bars of the piece and goes on over its rows.
std::string row_text(const TokenTable& table, std::size_t row, int& bar) {
  const TokenScheme& scheme = table.scheme;
  std::vector<std::vector<std::string>> lines = {{"ids"}};
  for (const TokenColumn& column : scheme.columns) lines[0].push_back(column.name);
  const auto words = table.row(row);
  for (std::size_t word = 0; word < table.length[row]; ++word) {
    const auto ids = words.subspan(word * table.columns(), table.columns());
    std::vector<std::string> cells = {fmt::format("{}", fmt::join(ids, " "))};
    for (std::size_t c = 0; c < ids.size(); ++c) {
      cells.push_back(id_text(scheme, c, ids[c]));
      if (cells.back() == "New") cells.back() = fmt::format("bar {}", ++bar);
      if (cells.back() == "Continue") cells.back() = "";
    }
    if (word < kWordsShown) lines.push_back(std::move(cells));
  }
  if (table.length[row] > kWordsShown)
    lines.push_back({fmt::format("… and {} more", table.length[row] - kWordsShown)});
  return aligned(lines);
}

std::string row_title(const TokenTable& table, std::size_t row) {
  const TokenPiece& piece = table.pieces[table.piece[row]];
  std::string title = fmt::format("row {}: {}, {}", row, piece.id, counted(table.length[row], "word"));
  if (row > 0 && table.piece[row] == table.piece[row - 1]) title += ", going on with the piece";
  title += piece.label < 0 ? ", unlabelled"
                           : fmt::format(", {}", table.class_names[static_cast<std::size_t>(piece.label)]);
  if (piece.group != piece.id) title += ", song " + piece.group;
  return title;
}

}  // namespace

std::string id_text(const TokenScheme& scheme, std::size_t column, int id) {
  const TokenColumn& c = scheme.columns[column];
  if (id == c.pad) return "PAD";
  if (id == c.mask) return "MASK";
  if (static_cast<int>(column) == scheme.pitch_column)
    return fmt::format("{} ({})", pitch_name(scheme.lowest_pitch + id), scheme.lowest_pitch + id);
  if (c.name == "Bar") return id == 0 ? "New" : "Continue";
  if (c.name == "Position") return fmt::format("{}/16", id + 1);
  if (c.name == "Duration") return fmt::format("{}/32", id + 1);
  if (c.name == "Velocity") return std::to_string(2 * id);
  if (c.name == "Tempo") return fmt::format("{} bpm", 32 + 3 * id);
  return std::to_string(id);
}

std::string contents_text(const TokenTable& table) {
  return aligned(contents_facts(table)) + splits_text(table);
}

std::string text_of(const TokenTable& table, std::size_t rows) {
  std::string text =
      fmt::format("Compound Words of the data set {}, scheme {}\n", table.dataset, table.scheme.name);
  Facts facts = header_facts(table.header);
  if (!table.options.empty()) facts.push_back({"options", table.options});
  facts.push_back({"columns", columns_text(table.scheme)});
  for (auto& fact : contents_facts(table)) facts.push_back(std::move(fact));
  if (!table.pieces.empty() &&
      std::ranges::all_of(table.pieces, [](const TokenPiece& piece) { return piece.midi_sha256.empty(); }))
    facts.push_back(
        {"caution", "read from arrays, which do not say what is of one song: each row stands for one"});
  text += aligned(facts);
  if (!table.split_names.empty()) text += "\n" + splits_text(table);
  int bar = 0;
  for (std::size_t row = 0; row < std::min(rows, table.rows()); ++row) {
    if (row > 0 && table.piece[row] != table.piece[row - 1]) bar = 0;
    text += "\n" + row_title(table, row) + "\n" + row_text(table, row, bar);
  }
  if (rows > 0 && table.rows() > 0)
    text += "\nA bar is 1,920 ticks, a Position a sixteenth of it; Duration is in 32nds of a bar.\n";
  return text;
}

}  // namespace mofi
