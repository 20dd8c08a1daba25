#include "training/model_input.h"

#include <torch/torch.h>

#include <algorithm>

namespace mofi {
namespace {

// oneDNN compiles and keeps a kernel for every shape; with lengths, and words of a batch, in steps, few
// shapes occur.
constexpr std::int64_t kLengthStep = 16;
constexpr std::int64_t kWordStep = 64;

std::int64_t rounded_up(std::int64_t size, std::int64_t step) { return (size + step - 1) / step * step; }

}  // namespace

ModelInput make_input(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
                      Padding padding, torch::Device device) {
  const TokenTable& tokens = *dataset.tokens;
  const auto columns = static_cast<std::int64_t>(tokens.columns());
  const bool packed = padding == Padding::kMasked && device.is_cpu();
  std::int64_t longest = padding == Padding::kMasked ? 1 : dataset.max_words;
  for (const std::size_t r : rows) longest = std::max<std::int64_t>(longest, dataset.rows[r].words);
  longest = std::min<std::int64_t>(rounded_up(longest, kLengthStep), dataset.max_words);
  ModelInput input;
  for (const std::size_t r : rows) input.sequences.add(packed ? dataset.rows[r].words : longest);

  const std::int64_t last = input.sequences.starts.back(),
                     count = packed ? rounded_up(last, kWordStep) : last;
  torch::Tensor words = torch::empty({count, columns}, torch::kInt64);
  torch::Tensor mask = torch::zeros({count});
  auto* word = words.data_ptr<std::int64_t>();
  auto* is_word = mask.data_ptr<float>();
  const auto pad = [&](std::int64_t n) {
    for (std::int64_t c = 0; c < columns; ++c) word[n * columns + c] = tokens.scheme.columns[c].pad;
  };
  for (std::size_t b = 0; b < rows.size(); ++b) {
    const DatasetRow& row = dataset.rows[rows[b]];
    const auto source =
        tokens.row(row.row).subspan(static_cast<std::size_t>(row.first_word) * tokens.columns());
    const int shift = shifts.empty() ? 0 : shifts[b];
    const std::int64_t start = input.sequences.starts[b], end = input.sequences.starts[b + 1];
    std::fill_n(is_word + start, row.words, 1.0F);
    for (std::int64_t l = 0; l < row.words; ++l)
      for (std::int64_t c = 0; c < columns; ++c) {
        std::int64_t id = source[l * columns + c];
        if (c == tokens.scheme.pitch_column && id < tokens.scheme.pitch_ids) id += shift;
        word[(start + l) * columns + c] = id;
      }
    for (std::int64_t n = start + row.words; n < end; ++n) pad(n);
  }
  for (std::int64_t n = last; n < count; ++n) pad(n);
  input.words_NC = words.to(device);
  if (!device.is_cpu()) input.sequences = with_tensors(std::move(input.sequences), count, device);
  if (!packed) input.mask_N = mask.to(device);
  if (!dataset.condition.empty()) {
    torch::Tensor condition = torch::empty({static_cast<std::int64_t>(rows.size()), kModeConditionWidth});
    for (std::size_t b = 0; b < rows.size(); ++b)
      for (std::size_t k = 0; k < kModeConditionWidth; ++k)
        condition.data_ptr<float>()[b * kModeConditionWidth + k] =
            dataset.condition[dataset.rows[rows[b]].row][k];
    input.condition_SK = condition.to(device);
  }
  return input;
}

}  // namespace mofi
