#pragma once
// Self-attention with relative positions on keys and queries ("relative_key_query", Huang et al., EMNLP
// Findings 2020, method 4, as in HuggingFace's BERT; midibert.md 3.3), as one differentiable function. Within
// each sequence of the batch:
//
//   scores[l, r] = (q_l·k_r + q_l·e(l - r) + k_r·e(l - r)) / sqrt(d) + bias[r],   e(n) = distance[n + M - 1]
//   result[l]    = Σ_r dropout(softmax_r(scores[l, r])) v_r
//
// On the CPU the first line is q·k + (q + k)·e, summed as such: no product with an offset that no pair of
// words has, and no matrix [L, offsets] (contraction.h). What belongs to one head and a block of its queries
// stays in cache; one matrix [L, L] a head is kept for the way back. Devices go through a kernel of their own
// where there is one that fits (gpu/kernel_choice.h), and else, as float64 does, through ATen with the same
// result. Where words attend to none after them, r ≤ l, devices have no kernel yet.

#include <torch/types.h>

#include <cstdint>

#include "model/head_attention.h"
#include "model/sequences.h"

namespace mofi {

struct AttentionDropout {
  double probability = 0;
  /// Decides which elements, on the CPU; unused without a probability. On a device its own generator decides,
  /// so that a replayed CUDA graph draws anew.
  std::uint64_t seed = 0;
};

/// query, key, value: [rows, heads · d], as their projections leave them, float32 or bfloat16 (which is
/// computed with in float32 all the same). distance_OD: float32 [2M - 1, d]; no sequence is longer than M.
/// bias_N: float32 [rows], added to the scores of that key; undefined for none; not differentiable. Returns
/// [rows, heads · d]; rows of no sequence are 0.
torch::Tensor attention(const torch::Tensor& query_NH, const torch::Tensor& key_NH,
                        const torch::Tensor& value_NH, const torch::Tensor& distance_OD,
                        const torch::Tensor& bias_N, const Sequences& sequences, std::int64_t heads,
                        const AttentionDropout& dropout, Reach reach = Reach::kAll);

/// The plain form, by ATen, on any device and type; drops by ATen's generator. What the other is tested
/// against.
torch::Tensor plain_attention(const torch::Tensor& query_NH, const torch::Tensor& key_NH,
                              const torch::Tensor& value_NH, const torch::Tensor& distance_OD,
                              const torch::Tensor& bias_N, const Sequences& sequences, std::int64_t heads,
                              double dropout_probability, Reach reach = Reach::kAll);

}  // namespace mofi
