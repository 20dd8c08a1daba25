#pragma once
// AdamW (Loshchilov & Hutter, ICLR 2019) with warm-up and clipping, through LibTorch's fused kernels.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "training/run_config.h"

namespace mofi {

/// The learning rate of step `step` (from 0) of `steps`: linear warm-up over the first share, then linear to
/// 0 or constant.
double learning_rate_at(const TrainingConfig& config, std::int64_t step, std::int64_t steps);

class AdamW {
 public:
  AdamW(std::vector<torch::Tensor> parameters, double weight_decay);

  /// Sets all gradients to zero in place (they may be views of the reducer's buckets).
  void zero_gradients();
  /// Scales the gradients so that their joint norm is at most `largest` (0: leaves them). Returns the norm
  /// before.
  double clip(double largest);
  void step(double learning_rate);

 private:
  std::vector<torch::Tensor> gradients() const;

  std::vector<torch::Tensor> parameters_, first_moments_, second_moments_, steps_;
  double weight_decay_;
};

}  // namespace mofi
