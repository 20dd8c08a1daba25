#pragma once
// What the device kernels are compared with: the same layers by ATen on any device, with the dropout that the
// CPU's kernels make of a seed. In float32, whatever the type of the inputs.

#include "model/fused_layers.h"
#include "model/sequences.h"

namespace mofi {

/// What dropout multiplies with, [rows, width] float32: 0, or 1 / (1 - probability).
torch::Tensor dropout_factors(double probability, std::uint64_t seed, std::int64_t first_row,
                              std::int64_t rows, std::int64_t width);

torch::Tensor twin_gelu_product(const torch::Tensor& x_NI, const torch::Tensor& bias_I,
                                const torch::Tensor& weight_OI);
torch::Tensor twin_residual_norm(const torch::Tensor& x_NH, const torch::Tensor& bias_H,
                                 const torch::Tensor& residual_NH, const LayerNorm& norm, double epsilon,
                                 double probability, std::uint64_t seed);
torch::Tensor twin_attention(const torch::Tensor& query_NH, const torch::Tensor& key_NH,
                             const torch::Tensor& value_NH, const torch::Tensor& distance_OD,
                             const torch::Tensor& bias_N, const Sequences& sequences, std::int64_t heads,
                             double probability, std::uint64_t seed);

}  // namespace mofi
