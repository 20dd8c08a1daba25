#pragma once
// AdamW (Loshchilov & Hutter, ICLR 2019) as torch.optim and as HuggingFace's transformers (until 4.x, what
// MIDI-BERT trains with) take its step, through LibTorch's fused kernels; clipping; the schedule of the
// learning rate.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "training/run_config.h"

namespace mofi {

/// The learning rate of step `step` (from 0) of `steps`: linear warm-up over the first share, then constant,
/// or down to 0 along a line or half a cosine.
double learning_rate_at(const TrainingConfig& config, std::int64_t step, std::int64_t steps);

/// How the moments become a step. With g the gradient, m and v its moments, c1 = 1 - beta1^t, c2 = 1 -
/// beta2^t:
///   kTorch        p ← p - rate·decay·p;  p ← p - rate/c1 · m / (sqrt(v/c2) + epsilon)
///   kHuggingFace  p ← p - rate·sqrt(c2)/c1 · m / (sqrt(v) + epsilon);  p ← p - rate·decay·p
/// so HuggingFace's epsilon weighs more at first (it stands beside the uncorrected root) and the decay takes
/// the updated parameter.
struct AdamWRule {
  enum class Kind { kTorch, kHuggingFace };
  Kind kind = Kind::kTorch;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};
AdamWRule adamw_rule(const TrainingConfig& config);

class AdamW {
 public:
  AdamW(std::vector<torch::Tensor> parameters, double weight_decay, AdamWRule rule = {});

  /// Sets all gradients to zero in place (they may be views of the reducer's buckets).
  void zero_gradients();
  /// Scales the gradients so that their joint norm is at most `largest` (0: leaves them), as
  /// torch.nn.utils.clip_grad_norm_ does. Returns the norm before.
  double clip(double largest);
  /// Parameters that have no gradient are left alone: no decay, no step counted.
  void step(double learning_rate);

 private:
  std::vector<torch::Tensor> gradients() const;

  std::vector<torch::Tensor> parameters_, first_moments_, second_moments_;
  std::vector<std::int64_t> steps_;  ///< taken so far, by parameter
  double weight_decay_;
  AdamWRule rule_;
};

}  // namespace mofi
