#include "model/word_loss.h"

#include <torch/torch.h>

namespace mofi {

torch::Tensor words_at(const torch::Tensor& hidden, const torch::Tensor& positions_N) {
  return hidden.reshape({-1, hidden.size(-1)}).index_select(0, positions_N);
}

WordScores score_words(const torch::Tensor& logits_NC, const torch::Tensor& targets_N) {
  return {torch::cross_entropy_loss(logits_NC, targets_N, {}, at::Reduction::Sum),
          (logits_NC.detach().argmax(1) == targets_N).sum(), targets_N.size(0)};
}

}  // namespace mofi
