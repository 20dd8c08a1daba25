#include "training/dataset.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "tokens/transposition.h"
#include "training/folds.h"
#include "training/target.h"

namespace mofi {
namespace {

constexpr int kMostSemitones = 127;

std::vector<SplitPart> parts_of_pieces(const TokenTable& tokens, const DataConfig& data) {
  std::vector<SplitPart> parts;
  if (data.split == "folds") {
    std::vector<std::string> groups;
    std::vector<int> labels;
    for (const TokenPiece& piece : tokens.pieces) {
      groups.push_back(piece.group);
      labels.push_back(piece.label);
    }
    for (const int fold : grouped_folds(groups, labels, data.folds, data.fold_seed))
      parts.push_back(fold == data.fold ? SplitPart::kTest : SplitPart::kTrain);
    return parts;
  }
  const auto named = std::find(tokens.split_names.begin(), tokens.split_names.end(), data.split);
  if (named == tokens.split_names.end())
    fail(ExitCode::kUsage, "data.split is '{}'{}; these tokens have {}{}folds: set data.split", data.split,
         data.split == DataConfig{}.split ? ", its default" : "", fmt::join(tokens.split_names, ", "),
         tokens.split_names.empty() ? "" : " and ");
  const auto column = static_cast<std::size_t>(named - tokens.split_names.begin());
  for (const TokenPiece& piece : tokens.pieces) parts.push_back(piece.split.at(column));
  return parts;
}

Dataset make(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
             const FeatureTable* features, const std::vector<SplitPart>& parts, bool unlabelled_too) {
  Dataset dataset;
  dataset.tokens = &tokens;
  dataset.max_words = std::min(config.data.max_words, tokens.row_words);
  const ModeUnits keys = join_modes(tokens, modes);
  dataset.mode = modes_of_pieces(tokens, keys);
  dataset.condition = make_conditions(config, tokens, keys, features, parts);
  if (!unlabelled_too) dataset.auxiliary = make_auxiliary_targets(config.training.auxiliary, tokens, keys);
  const Target target = make_target(config.data.target, tokens, keys);
  dataset.class_names = target.class_names;
  dataset.classes = static_cast<int>(target.class_names.size());
  dataset.labels_turn = target.turns;
  const std::vector<std::uint32_t> segments = segments_of_rows(tokens);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    const std::size_t piece = tokens.piece[r];
    const int label = target.label_of_row[r];
    if ((label < 0 && !unlabelled_too) || parts[piece] == SplitPart::kNone) continue;
    if (segments[r] > 0 && config.data.rows == "first") continue;
    dataset.rows.push_back({r, piece, static_cast<int>(segments[r]), 0,
                            std::min<int>(tokens.length[r], dataset.max_words), label, parts[piece]});
  }
  return dataset;
}

/// Every row of the training part becomes one for each of its shifts.
void expand(Dataset& dataset, const TrainingConfig& training) {
  std::vector<DatasetRow> rows;
  for (DatasetRow row : dataset.rows) {
    if (row.part != SplitPart::kTrain) {
      rows.push_back(row);
      continue;
    }
    for (const int shift :
         wanted_shifts(dataset.tokens->scheme, dataset.tokens->pieces[row.piece], training)) {
      row.shift = shift;
      rows.push_back(row);
    }
  }
  dataset.rows = std::move(rows);
}

}  // namespace

std::vector<int> column_sizes(const TokenScheme& scheme) {
  std::vector<int> sizes;
  for (const TokenColumn& column : scheme.columns) sizes.push_back(column.size);
  return sizes;
}

SplitPart part_named(const std::string& name) {
  if (name == "train") return SplitPart::kTrain;
  if (name == "valid") return SplitPart::kValid;
  if (name == "test") return SplitPart::kTest;
  fail(ExitCode::kUsage, "'{}' is no part of a split; expected train, valid or test", name);
}

std::vector<std::size_t> Dataset::rows_in(const std::vector<std::string>& parts) const {
  std::vector<SplitPart> wanted;
  for (const std::string& part : parts) wanted.push_back(part_named(part));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (std::find(wanted.begin(), wanted.end(), rows[i].part) != wanted.end()) found.push_back(i);
  return found;
}

std::vector<int> wanted_shifts(const TokenScheme& scheme, const TokenPiece& piece,
                               const TrainingConfig& training) {
  std::vector<int> wanted = training.shifts;
  if (wanted.empty())
    for (int shift = -training.transpose_down; shift <= training.transpose_up; ++shift)
      wanted.push_back(shift);
  const ShiftRange legal = legal_shifts(scheme, piece, {-kMostSemitones, kMostSemitones});
  std::erase_if(wanted, [&](int shift) { return !legal.contains(shift); });
  std::ranges::sort(wanted);
  wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
  if (wanted.empty()) wanted.push_back(0);
  return wanted;
}

Dataset make_dataset(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
                     const FeatureTable* features) {
  if (config.data.max_words > tokens.row_words)
    fail(ExitCode::kUsage, "data.max_words is {}; the rows of these tokens have {} words",
         config.data.max_words, tokens.row_words);
  Dataset dataset = make(tokens, modes, config, features, parts_of_pieces(tokens, config.data), false);
  if (dataset.classes < 2)
    fail(ExitCode::kData,
         "the tokens have {} classes; training needs labels of at least 2, as in labels.csv beside the MIDI "
         "files",
         dataset.classes);
  std::set<int> labels;
  for (const DatasetRow& row : dataset.rows)
    if (row.part == SplitPart::kTrain) labels.insert(row.label);
  if (labels.empty()) fail(ExitCode::kData, "split {} leaves no labelled row to train on", config.data.split);
  if (labels.size() == 1)
    fail(ExitCode::kData, "split {} leaves rows of {} alone to train on; training needs two classes",
         config.data.split, dataset.class_names.at(static_cast<std::size_t>(*labels.begin())));
  for (const std::string& part : config.data.evaluate)
    if (dataset.rows_in({part}).empty())
      fail(ExitCode::kData, "split {} has no labelled row in its {} part", config.data.split, part);
  if (config.training.validates() && dataset.rows_in({"valid"}).empty())
    fail(ExitCode::kUsage,
         "training.select: best and training.patience need a valid part; split {} has none with labels",
         config.data.split);
  if (config.training.expand) expand(dataset, config.training);
  return dataset;
}

Dataset whole_table(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
                    const FeatureTable* features) {
  return make(tokens, modes, config, features, std::vector<SplitPart>(tokens.pieces.size(), SplitPart::kTest),
              true);
}

}  // namespace mofi
