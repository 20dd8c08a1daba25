#include "training/evaluate.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace mofi {
namespace {

constexpr std::size_t kRowsAtOnce = 32;

}  // namespace

torch::Tensor score_rows(const World& world, const Classifier& model, const Dataset& dataset,
                         std::span<const std::size_t> rows, Padding padding, torch::Device device) {
  const torch::NoGradGuard no_grad;
  const std::size_t first = rows.size() * world.rank() / world.size(),
                    last = rows.size() * (world.rank() + 1) / world.size();
  const std::span<const std::size_t> mine = rows.subspan(first, last - first);

  std::vector<std::size_t> by_length(mine.size());  // rows of like length together: little padding
  std::iota(by_length.begin(), by_length.end(), std::size_t{0});
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](auto a, auto b) { return dataset.rows[mine[a]].words < dataset.rows[mine[b]].words; });
  torch::Tensor logits = torch::empty({static_cast<std::int64_t>(mine.size()), dataset.classes});
  for (std::size_t at = 0; at < by_length.size(); at += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, by_length.size() - at);
    std::vector<std::size_t> batch;
    for (std::size_t k = 0; k < count; ++k) batch.push_back(mine[by_length[at + k]]);
    const ModelInput input = make_input(dataset, batch, {}, padding, device);
    const torch::Tensor scored = forward(model, input, padding, false).to(torch::kCPU, torch::kFloat32);
    for (std::size_t k = 0; k < count; ++k)
      logits[static_cast<std::int64_t>(by_length[at + k])] = scored[static_cast<std::int64_t>(k)];
  }
  if (world.size() == 1) return logits;

  std::string bytes(logits.nbytes(), '\0');
  std::memcpy(bytes.data(), logits.data_ptr(), bytes.size());
  torch::Tensor all = torch::empty({static_cast<std::int64_t>(rows.size()), dataset.classes});
  auto* to = static_cast<char*>(all.data_ptr());
  for (const std::string& part : world.gather(bytes)) to = std::copy(part.begin(), part.end(), to);
  return all;
}

Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             const torch::Tensor& logits) {
  Predictions predictions;
  predictions.classes = dataset.classes;
  predictions.dataset = dataset.tokens->dataset;
  predictions.class_names = dataset.tokens->class_names;
  const auto* values = logits.const_data_ptr<float>();
  predictions.logits.assign(values, values + logits.numel());
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
