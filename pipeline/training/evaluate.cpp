#include "training/evaluate.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "training/model_input.h"

namespace mofi {
namespace {

constexpr std::size_t kRowsAtOnce = 32;

/// What `compute` gives for rows: from some of them (indices of dataset.rows) to [their number, shape...].
/// Each rank computes its share, and has all rows in the end.
torch::Tensor over_rows(const World& world, const Dataset& dataset, std::span<const std::size_t> rows,
                        torch::IntArrayRef shape, torch::ScalarType type,
                        const std::function<torch::Tensor(std::span<const std::size_t>)>& compute) {
  const torch::NoGradGuard no_grad;
  const std::size_t first = rows.size() * world.rank() / world.size(),
                    last = rows.size() * (world.rank() + 1) / world.size();
  const std::span<const std::size_t> mine = rows.subspan(first, last - first);

  std::vector<std::size_t> by_length(mine.size());  // rows of like length together: little padding
  std::iota(by_length.begin(), by_length.end(), std::size_t{0});
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](auto a, auto b) { return dataset.rows[mine[a]].words < dataset.rows[mine[b]].words; });
  const auto empty = [&](std::size_t count) {
    std::vector<std::int64_t> whole = {static_cast<std::int64_t>(count)};
    whole.insert(whole.end(), shape.begin(), shape.end());
    return torch::empty(whole, type);
  };
  torch::Tensor computed = empty(mine.size());
  for (std::size_t at = 0; at < by_length.size(); at += kRowsAtOnce) {
    world.alive();
    const std::size_t count = std::min(kRowsAtOnce, by_length.size() - at);
    std::vector<std::size_t> batch;
    for (std::size_t k = 0; k < count; ++k) batch.push_back(mine[by_length[at + k]]);
    const torch::Tensor part = compute(batch).to(torch::kCPU, type);
    for (std::size_t k = 0; k < count; ++k)
      computed[static_cast<std::int64_t>(by_length[at + k])] = part[static_cast<std::int64_t>(k)];
  }
  if (world.size() == 1) return computed;

  std::string bytes(computed.nbytes(), '\0');
  std::memcpy(bytes.data(), computed.data_ptr(), bytes.size());
  torch::Tensor all = empty(rows.size());
  auto* to = static_cast<char*>(all.data_ptr());
  for (const std::string& part : world.gather(bytes)) to = std::copy(part.begin(), part.end(), to);
  return all;
}

/// The two sums over one row's words: of h[i] sin(i) and of h[i]^2, i counting over words x hidden width. The
/// plain sum would tell nothing, as LayerNorm makes it 0; one that knows every place finds swapped words,
/// too.
torch::Tensor sums_of(const torch::Tensor& words_LH) {
  const torch::Tensor h = words_LH.to(torch::kCPU, torch::kFloat64).flatten();
  return torch::stack({h.dot(torch::arange(h.numel(), torch::kFloat64).sin()), h.dot(h)});
}

}  // namespace

torch::Tensor score_rows(const World& world, const Classifier& model, const Dataset& dataset,
                         std::span<const std::size_t> rows, Padding padding, torch::Device device,
                         int shift) {
  const RowTensors tensors = row_tensors(dataset, device);
  const BatchLayout layout = batch_layout(padding, model, device);
  return over_rows(world, dataset, rows, {dataset.classes}, torch::kFloat32, [&](const auto& batch) {
    const std::vector<int> shifts(batch.size(), shift);
    const ModelInput input = make_input(tensors, dataset, batch, shifts, layout);
    return forward(model, input, padding, false);
  });
}

torch::Tensor hidden_state_sums(const World& world, const Classifier& model, const Dataset& dataset,
                                std::span<const std::size_t> rows, Padding padding, torch::Device device) {
  const RowTensors tensors = row_tensors(dataset, device);
  const BatchLayout layout = batch_layout(padding, model, device);
  const std::int64_t states = model.states();
  return over_rows(world, dataset, rows, {states, 2}, torch::kFloat64, [&](const auto& batch) {
    const ModelInput input = make_input(tensors, dataset, batch, {}, layout);
    const auto hidden = hidden_states(model, input, padding, false);
    torch::Tensor sums = torch::empty({static_cast<std::int64_t>(batch.size()), states, 2}, torch::kFloat64);
    for (std::size_t b = 0; b < batch.size(); ++b)
      for (std::int64_t k = 0; k < states; ++k) {
        const std::int64_t first = input.sequences.starts[b];
        sums[static_cast<std::int64_t>(b)][k] =
            sums_of(hidden[k].slice(0, first, first + dataset.rows[batch[b]].words));
      }
    return sums;
  });
}

Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             const torch::Tensor& logits) {
  return make_predictions(
      dataset, rows, std::span(logits.const_data_ptr<float>(), static_cast<std::size_t>(logits.numel())));
}

}  // namespace mofi
