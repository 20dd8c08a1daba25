#include "model/sequence_head.h"

#include <cmath>

#include <torch/torch.h>

namespace mofi {
namespace {

using torch::Tensor;

/// The score of what is not pooled over: a weight of exactly 0, and no NaN where there is nothing else.
constexpr double kNoWord = -1e30;

/// softmax(scores)ᵀ·hidden of [batch, L, rows] and [batch, L, H].
Tensor pool_regular(const Tensor& scores_BLR, const Tensor& hidden_BLH) {
  return torch::matmul(torch::softmax(scores_BLR, 1).transpose(1, 2), hidden_BLH);
}

/// The same of rows whose sequences only the device knows: a row weighs nothing in other sequences than its
/// own. One product with many zeros, but of no shape that depends on lengths.
Tensor pool_there(const Tensor& scores_NR, const Tensor& hidden_NH, const Sequences& sequences) {
  const Tensor of_rows = sequences.sequences_of_rows(hidden_NH.size(0), hidden_NH.device());
  const Tensor elsewhere_SN =
      of_rows.unsqueeze(0) != torch::arange(sequences.count(), of_rows.options()).unsqueeze(1);
  const Tensor scores_SRN = scores_NR.t().unsqueeze(0).masked_fill(elsewhere_SN.unsqueeze(1), kNoWord);
  return torch::matmul(torch::softmax(scores_SRN, -1).flatten(0, 1), hidden_NH)
      .view({sequences.count(), scores_NR.size(1), -1});
}

/// The same for every sequence. Split at once, so that the way back puts gradients together at once.
Tensor pool(const Tensor& scores_NR, const Tensor& hidden_NH, const Sequences& sequences) {
  const std::int64_t rows = hidden_NH.size(0);
  if (sequences.are_regular(rows)) {
    const std::vector<std::int64_t> shape = {sequences.count(), sequences.longest(), -1};
    return pool_regular(scores_NR.view(shape), hidden_NH.view(shape));
  }
  if (!sequences.are_known_here()) return pool_there(scores_NR, hidden_NH, sequences);
  std::vector<std::int64_t> lengths = sequences.lengths();
  lengths.push_back(rows - sequences.starts.back());
  const auto scores = scores_NR.split_with_sizes(lengths), hidden = hidden_NH.split_with_sizes(lengths);
  std::vector<Tensor> pooled;
  for (std::size_t s = 0; s + 1 < lengths.size(); ++s)
    pooled.push_back(pool_regular(scores[s].unsqueeze(0), hidden[s].unsqueeze(0)));
  return torch::cat(pooled);
}

}  // namespace

SequenceHead make_sequence_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                                int classes) {
  const auto fill = [](std::int64_t in) { return uniform(1.0 / std::sqrt(static_cast<double>(in))); };
  SequenceHead head;
  head.is_linear = config.kind == "linear";
  if (head.is_linear) {
    head.second = add_linear(parameters, "probe", model_width, classes);
    return head;
  }
  head.pooling_in =
      parameters.add("attention.ws1.weight", {config.attention_width, model_width}, fill(model_width));
  head.pooling_out = parameters.add("attention.ws2.weight", {config.attention_rows, config.attention_width},
                                    fill(config.attention_width));
  head.first = add_linear(parameters, "classifier.0", config.attention_rows * model_width, config.hidden);
  head.second = add_linear(parameters, "classifier.2", config.hidden, classes);
  return head;
}

torch::Tensor pooled_words(const SequenceHead& head, const torch::Tensor& hidden_NH,
                           const Sequences& sequences, const torch::Tensor& mask_N) {
  // Equal scores pool by the mean.
  torch::Tensor scores_NR =
      head.is_linear ? hidden_NH.new_zeros({hidden_NH.size(0), 1})
                     : affine(torch::tanh(affine(hidden_NH, head.pooling_in, {})), head.pooling_out, {});
  if (mask_N.defined()) scores_NR = scores_NR.masked_fill(mask_N.unsqueeze(1) == 0, kNoWord);
  return pool(scores_NR, hidden_NH, sequences).flatten(1);
}

torch::Tensor classify_pooled(const SequenceHead& head, const torch::Tensor& pooled_SW) {
  if (head.is_linear) return head.second(pooled_SW);
  return head.second(torch::relu(head.first(pooled_SW)));
}

torch::Tensor classify(const SequenceHead& head, const torch::Tensor& hidden_NH, const Sequences& sequences,
                       const torch::Tensor& mask_N) {
  return classify_pooled(head, pooled_words(head, hidden_NH, sequences, mask_N));
}

}  // namespace mofi
