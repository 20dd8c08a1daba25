#pragma once
// The layers of attention.h and fused_layers.h through a table of device kernels, as differentiable
// functions. The tensors are of the device whose kernels these are, float32 or bfloat16 as there; callers
// have asked kernel_choice.h whether the kernels fit.

#include "model/fused_layers.h"
#include "model/gpu/kernel_table.h"
#include "model/sequences.h"

namespace mofi {

/// Dropout whose seed, int64 [1], is read on the device when the kernel runs; undefined without a
/// probability.
struct DeviceSeed {
  double probability = 0;
  torch::Tensor seed;
};

/// A seed of the device's generator, which no one waits for: a replayed CUDA graph draws another.
DeviceSeed drawn_on_device(double probability, torch::Device device);
/// A seed that the CPU knows.
DeviceSeed seeded(double probability, std::uint64_t seed, torch::Device device);

torch::Tensor device_gelu_product(const KernelTable& kernels, const torch::Tensor& x_NI,
                                  const torch::Tensor& bias_I, const torch::Tensor& weight_OI);

Hidden device_residual_norm(const KernelTable& kernels, const torch::Tensor& x_NH,
                            const torch::Tensor& bias_H, const torch::Tensor& residual_NH,
                            const LayerNorm& norm, double epsilon, const DeviceSeed& dropout);

/// distance_OD is rounded to the type of the others.
torch::Tensor device_attention(const KernelTable& kernels, const torch::Tensor& query_NH,
                               const torch::Tensor& key_NH, const torch::Tensor& value_NH,
                               const torch::Tensor& distance_OD, const torch::Tensor& bias_N,
                               const Sequences& sequences, std::int64_t heads, const DeviceSeed& dropout);

}  // namespace mofi
