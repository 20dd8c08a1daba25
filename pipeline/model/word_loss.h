#pragma once
// Cross-entropy of chosen words, kept as sums and counts: batches and ranks add these up and divide once, at
// the end. For a gradient that is the global mean's, a rank's loss is loss_sum × ranks / words of all ranks
// (see distributed/data_parallel.h).

#include <torch/types.h>

#include <cstdint>

namespace mofi {

/// The hidden states [N, H] of chosen words. positions_N: int64 indices into the words of `hidden`, which is
/// [batch, L, H] (row · L + place) or already [words, H]. Choosing comes first, so that heads compute no word
/// that no loss counts.
torch::Tensor words_at(const torch::Tensor& hidden, const torch::Tensor& positions_N);

struct WordScores {
  torch::Tensor loss_sum;  ///< scalar, differentiable; 0 (with gradients of 0) of no words
  torch::Tensor correct;   ///< scalar int64 on the device: words whose largest logit is the target's
  std::int64_t words = 0;
};

/// logits_NC: [words, classes]; targets_N: int64.
WordScores score_words(const torch::Tensor& logits_NC, const torch::Tensor& targets_N);

}  // namespace mofi
