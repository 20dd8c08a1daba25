#pragma once
// Self-attention with relative positions on keys and queries ("relative_key_query", Huang et al., EMNLP
// Findings 2020, method 4, as in HuggingFace's BERT; midibert.md 3.3).

#include <torch/types.h>

namespace mofi {

/// Scores of every query with every key, scaled by 1/sqrt(d) and not yet masked:
///   scores[l, r] = (q_l·k_r + q_l·e(l, r) + k_r·e(l, r)) / sqrt(d),  e(l, r) = distance[l - r + M - 1].
///
/// The products with all 2L-1 offsets that occur are taken once and read through a skewed view, so that the
/// L × L × d tensor of the definition never exists. Differentiable in all three arguments.
///
/// query_BNLD, key_BNLD: [batch, heads, L, d], contiguous; distance_OD: [2M-1, d] with M >= L.
/// Returns [batch, heads, L, L].
torch::Tensor relative_scores(const torch::Tensor& query_BNLD, const torch::Tensor& key_BNLD,
                              const torch::Tensor& distance_OD);

}  // namespace mofi
