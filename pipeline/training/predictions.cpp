#include "training/predictions.h"

#include <algorithm>

namespace mofi {

Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             std::span<const float> logits) {
  Predictions predictions;
  predictions.classes = dataset.classes;
  predictions.dataset = dataset.tokens->dataset;
  predictions.class_names = dataset.class_names;
  predictions.logits.assign(logits.begin(), logits.end());
  std::vector<std::int64_t> place(dataset.tokens->pieces.size(), -1);
  for (const std::size_t r : rows) {
    const DatasetRow& row = dataset.rows[r];
    const TokenPiece& piece = dataset.tokens->pieces[row.piece];
    if (place[row.piece] < 0) {
      place[row.piece] = static_cast<std::int64_t>(predictions.piece_id.size());
      predictions.piece_id.push_back(piece.id);
      predictions.group.push_back(piece.group);
      predictions.mode.push_back(dataset.mode[row.piece]);
      predictions.split.emplace_back(split_part_name(row.part));
    }
    predictions.label.push_back(row.label);
    predictions.piece.push_back(static_cast<std::uint32_t>(place[row.piece]));
    predictions.segment_index.push_back(static_cast<std::uint32_t>(row.segment));
  }
  return predictions;
}

Json row_accuracy(const Predictions& predictions) {
  Json scores = Json::object();
  for (std::size_t r = 0; r < predictions.rows(); ++r) {
    if (predictions.label[r] < 0) continue;
    const auto first = predictions.logits.begin() + static_cast<std::ptrdiff_t>(r) * predictions.classes;
    const auto predicted = std::max_element(first, first + predictions.classes) - first;
    Json& part = scores[predictions.split[predictions.piece[r]]];
    if (part.is_null()) part = {{"rows", 0}, {"correct", 0}};
    part["rows"] = part["rows"].get<int>() + 1;
    part["correct"] = part["correct"].get<int>() + (predicted == predictions.label[r] ? 1 : 0);
  }
  for (auto& part : scores) part["accuracy"] = part["correct"].get<double>() / part["rows"].get<double>();
  return scores;
}

}  // namespace mofi
