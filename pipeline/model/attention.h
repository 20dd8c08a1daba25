#pragma once
// Self-attention with relative positions on keys and queries ("relative_key_query", Huang et al., EMNLP
// Findings 2020, method 4, as in HuggingFace's BERT; midibert.md 3.3), as one differentiable function:
//
//   scores[l, r] = (q_l·k_r + q_l·e(l, r) + k_r·e(l, r)) / sqrt(d) + bias[r],  e(l, r) = distance[l - r + M -
//   1] result[l]    = Σ_r dropout(softmax_r(scores[l, r])) v_r
//
// float32 on the CPU goes head by head through the kernels of attention_kernels.h: what belongs to one head
// stays in cache, one [L, L] matrix a head is kept for the way back, and of the 2L - 1 offsets a query has to
// the others, those are multiplied that its block of queries needs. Everything else goes through ATen, with
// the same result.

#include <torch/types.h>

#include <cstdint>

namespace mofi {

struct AttentionDropout {
  double probability = 0;
  std::uint64_t seed = 0;  ///< decides which elements; unused without a probability
};

/// query, key, value: [batch, L, heads · d], as their projections leave them. distance_OD: [2M - 1, d], L <=
/// M. bias_BL: added to the scores of every key; undefined for none; not differentiable. Returns [batch, L,
/// heads · d].
torch::Tensor attention(const torch::Tensor& query_BLH, const torch::Tensor& key_BLH,
                        const torch::Tensor& value_BLH, const torch::Tensor& distance_OD,
                        const torch::Tensor& bias_BL, std::int64_t heads, const AttentionDropout& dropout);

/// The plain form, by ATen, on any device and type; drops by ATen's generator. What the other is tested
/// against.
torch::Tensor plain_attention(const torch::Tensor& query_BLH, const torch::Tensor& key_BLH,
                              const torch::Tensor& value_BLH, const torch::Tensor& distance_OD,
                              const torch::Tensor& bias_BL, std::int64_t heads, double dropout_probability);

}  // namespace mofi
