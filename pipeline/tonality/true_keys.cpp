#include "tonality/true_keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <unordered_map>

#include "core/aligned.h"
#include "core/csv.h"
#include "core/error.h"

namespace mofi {
namespace {

int tonic_of(const CsvTable& table, const CsvRow& row) {
  const std::string& text = row.cells[table.column("tonic_pc")];
  int tonic = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tonic);
  if (error != std::errc() || end != text.data() + text.size() || tonic < 0 || tonic > 11)
    fail(ExitCode::kData, "{}: tonic_pc is '{}'; expected a pitch class, 0 (C) to 11 (B)", table.where(row),
         text);
  return tonic;
}

std::uint8_t mode_of(const CsvTable& table, const CsvRow& row) {
  const std::string& text = row.cells[table.column("mode")];
  if (text == "major") return kMajor;
  if (text == "minor") return kMinor;
  fail(ExitCode::kData, "{}: mode is '{}'; expected major or minor", table.where(row), text);
}

KeyScore& operator+=(KeyScore& score, const KeyScore& more) {
  for (std::size_t i = 0; i < score.relations.size(); ++i) score.relations[i] += more.relations[i];
  score.modes_right += more.modes_right;
  return score;
}

float correlation_with(const PieceMode& piece, const Key& key) {
  return piece.correlation.at(std::size_t{12} * key.mode + static_cast<std::size_t>(key.tonic));
}

}  // namespace

TrueKeys read_true_keys(const std::filesystem::path& path, const Corpus& corpus) {
  const CsvTable table = read_csv(path);
  const std::size_t file_column = table.column("file");
  std::unordered_map<std::string, std::size_t> index_of;
  for (std::size_t i = 0; i < corpus.files.size(); ++i) index_of[corpus.files[i].id] = i;

  TrueKeys keys(corpus.files.size());
  for (const CsvRow& row : table.rows) {
    const std::string& file = row.cells[file_column];
    const auto index = index_of.find(file);
    if (index == index_of.end())
      fail(ExitCode::kData, "{}: gives the key of '{}', which is not among the {} files of the data set",
           table.where(row), file, corpus.files.size());
    std::optional<Key>& key = keys[index->second];
    if (key) fail(ExitCode::kData, "{}: gives the key of '{}' a second time", table.where(row), file);
    key = Key{tonic_of(table, row), mode_of(table, row)};
  }
  if (table.rows.empty()) fail(ExitCode::kData, "{}: gives no key; expected one a line", table.name);
  return keys;
}

int KeyScore::pieces() const { return std::accumulate(relations.begin(), relations.end(), 0); }

KeyScore KeyScores::all() const {
  KeyScore score = of_mode[kMajor];
  return score += of_mode[kMinor];
}

KeyScores score_keys(const FoundKeys& found, const TrueKeys& truth) {
  KeyScores scores;
  for (std::size_t i = 0; i < found.keys.size(); ++i) {
    if (!found.keys[i]) continue;
    if (!truth[i]) {
      ++scores.without_truth;
      continue;
    }
    KeyScore& score = scores.of_mode.at(truth[i]->mode);
    ++score.relations[static_cast<std::size_t>(relation_of(*found.keys[i], *truth[i]))];
    score.modes_right += found.keys[i]->mode == truth[i]->mode ? 1 : 0;
  }
  return scores;
}

std::string table_of(const KeyScores& scores) {
  std::vector<std::vector<std::string>> lines = {{"true mode", "pieces", "keys right", "modes right"}};
  for (int i = 1; i < kKeyRelations; ++i) lines[0].push_back(name_of(KeyRelation(i)));
  const auto line = [&](const char* name, const KeyScore& score) {
    lines.push_back({name, std::to_string(score.pieces()), std::to_string(score.keys_right()),
                     std::to_string(score.modes_right)});
    for (std::size_t i = 1; i < score.relations.size(); ++i)
      lines.back().push_back(std::to_string(score.relations[i]));
  };
  line("major", scores.of_mode[kMajor]);
  line("minor", scores.of_mode[kMinor]);
  line("all", scores.all());
  std::string text = aligned(lines, "l" + std::string(lines[0].size() - 1, 'r'));
  if (scores.without_truth > 0)
    text += fmt::format("not counted: {} pieces whose true key is not given\n", scores.without_truth);
  return text;
}

std::string wrong_keys(const ModeTable& table, const Corpus& corpus, const TrueKeys& truth) {
  std::unordered_map<std::string, Key> truth_of;
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (truth[i]) truth_of[corpus.files[i].id] = *truth[i];
  std::string lines;
  for (const PieceMode& piece : table.pieces) {
    const auto key = truth_of.find(piece.piece_id);
    const Key found = {piece.tonic, piece.mode};
    if (key == truth_of.end() || key->second == found) continue;
    lines += fmt::format("{}: {}", piece.piece_id, name_of(found));
    if (found.mode != kUndefinedMode) lines += fmt::format(" {:.3f}", correlation_with(piece, found));
    lines += fmt::format(", in truth {} {:.3f} ({})\n", name_of(key->second),
                         correlation_with(piece, key->second), name_of(relation_of(found, key->second)));
  }
  return lines;
}

}  // namespace mofi
