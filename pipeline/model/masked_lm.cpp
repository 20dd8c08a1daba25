#include "model/masked_lm.h"

#include <fmt/core.h>
#include <torch/torch.h>

#include "model/weights.h"

namespace mofi {

using torch::Tensor;

MaskedLmHead make_masked_lm_head(ParameterSet& parameters, std::int64_t model_width,
                                 const std::vector<int>& column_sizes) {
  MaskedLmHead head;
  for (std::size_t c = 0; c < column_sizes.size(); ++c)
    head.columns.push_back(
        add_linear(parameters, fmt::format("mask_lm.proj.{}", c), model_width, column_sizes[c]));
  return head;
}

MaskedLm make_masked_lm(const BackboneConfig& config, const std::vector<int>& column_sizes,
                        std::uint64_t seed, torch::TensorOptions options) {
  MaskedLm model{ParameterSet(seed, options), {}, {}};
  model.backbone = make_midibert(model.parameters, config, column_sizes, std::string(kBackbonePrefix));
  model.head = make_masked_lm_head(model.parameters, config.hidden, column_sizes);
  return model;
}

std::vector<Tensor> predict_words(const MaskedLmHead& head, const Tensor& hidden) {
  std::vector<Tensor> logits;
  for (const Linear& column : head.columns) logits.push_back(column(hidden));
  return logits;
}

MaskedLmScores score_masked_words(const MaskedLmHead& head, const Tensor& hidden, const Tensor& positions_N,
                                  const Tensor& targets_NC) {
  const auto logits = predict_words(head, words_at(hidden, positions_N));
  Tensor weighted_sum;
  std::vector<Tensor> losses, correct;
  double ids = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const WordScores scores = score_words(logits[c], targets_NC.select(1, static_cast<std::int64_t>(c)));
    const auto ids_of_column = static_cast<double>(logits[c].size(1));
    const Tensor weighted = scores.loss_sum * ids_of_column;
    weighted_sum = weighted_sum.defined() ? weighted_sum + weighted : weighted;
    ids += ids_of_column;
    losses.push_back(scores.loss_sum.detach());
    correct.push_back(scores.correct);
  }
  return {weighted_sum / ids, torch::stack(losses), torch::stack(correct), positions_N.size(0)};
}

}  // namespace mofi
