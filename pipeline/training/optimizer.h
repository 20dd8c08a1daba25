#pragma once
// AdamW (Loshchilov & Hutter, ICLR 2019) as torch.optim and as HuggingFace's transformers (until 4.x, what
// MIDI-BERT trains with) take its step, through LibTorch's fused kernels; clipping; the schedule of the
// learning rate.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "training/loop_config.h"

namespace mofi {

/// The learning rate of step `step` (from 0) of `steps`: linear warm-up over the first share, then constant,
/// or down to 0 along a line or half a cosine.
double learning_rate_at(const LoopConfig& config, std::int64_t step, std::int64_t steps);

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
AdamWRule adamw_rule(const LoopConfig& config);

/// What a step needs of those before it, in the order of the parameters.
struct AdamWState {
  std::vector<torch::Tensor> first_moments, second_moments;
  std::vector<std::int64_t> steps;  ///< taken so far
};

/// Tensors that take one fused step together.
struct AdamWGroup {
  std::vector<torch::Tensor> parameters, gradients, first_moments, second_moments;
};

class AdamW {
 public:
  /// `rates`: by parameter, what its learning rate is multiplied with; empty: 1.
  AdamW(std::vector<torch::Tensor> parameters, double weight_decay, AdamWRule rule = {},
        std::vector<double> rates = {});

  /// Sets all gradients to zero in place (they may be views of the reducer's buckets).
  void zero_gradients();
  /// Scales the gradients so that their joint norm is at most `largest` (0: leaves them), as
  /// torch.nn.utils.clip_grad_norm_ does. Returns the norm before, a scalar on the parameters' device, which
  /// the host does not wait for.
  torch::Tensor clip(double largest);
  /// Parameters that have no gradient are left alone: no decay, no step counted.
  void step(double learning_rate);

  /// The same step in two: what the host knows of it, counted, as a float64 tensor [3] of the CPU; and
  /// the step by that tensor, which lies where the parameters do. The second waits for nothing and may be
  /// recorded (distributed/recorder.h). All parameters that have gradients must have taken as many steps.
  torch::Tensor tell_step(double learning_rate);
  void take_told_step(const torch::Tensor& told);

  /// To be kept in checkpoints, and to be filled from them.
  AdamWState& state() { return state_; }

 private:
  std::vector<torch::Tensor> gradients() const;
  void add_to(AdamWGroup& group, std::size_t parameter) const;

  std::vector<torch::Tensor> parameters_;
  std::vector<double> rates_;
  AdamWState state_;
  double weight_decay_;
  AdamWRule rule_;
};

}  // namespace mofi
