#include "model/relative_attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace mofi {
namespace {

using torch::Tensor;

// Two tables of 2L-1 offsets are used. For a query l the row q_l·E must be read at r - l, ascending in r, so its table is
// the reversed one; for a key r the row k_r·E must be read at l - r, ascending in l, so its table is the plain one. In both
// cases element (i, j) of the skewed matrix stands at i (2L-1) + (j - i + L-1) = i (2L-2) + j + (L-1).

/// The view [.., L, L] of products [.., L, 2L-1] described above.
Tensor skewed(const Tensor& products_BNLO) {
  const auto length = products_BNLO.size(2), offsets = products_BNLO.size(3);
  return products_BNLO.as_strided(
      {products_BNLO.size(0), products_BNLO.size(1), length, length},
      {products_BNLO.stride(0), products_BNLO.stride(1), offsets - 1, 1}, length - 1);
}

/// The adjoint of `skewed`: every gradient at its offset, zero elsewhere.
Tensor unskewed(const Tensor& gradient_BNLL) {
  const auto length = gradient_BNLL.size(2);
  Tensor products = torch::zeros({gradient_BNLL.size(0), gradient_BNLL.size(1), length, 2 * length - 1}, gradient_BNLL.options());
  skewed(products).copy_(gradient_BNLL);
  return products;
}

struct RelativeScores : torch::autograd::Function<RelativeScores> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& query, const Tensor& key,
                        const Tensor& distance) {
    const auto length = query.size(2), max_position = (distance.size(0) + 1) / 2;
    const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(3)));
    const Tensor ascending = distance.slice(0, max_position - length, max_position + length - 1);
    const Tensor descending = ascending.flip(0);

    Tensor scores = skewed(torch::matmul(query, descending.t())) + skewed(torch::matmul(key, ascending.t())).transpose(2, 3);
    scores = scores.contiguous();
    const auto flat = query.size(0) * query.size(1);
    scores.view({flat, length, length})
        .baddbmm_(query.reshape({flat, length, -1}), key.reshape({flat, length, -1}).transpose(1, 2), scale, scale);
    context->save_for_backward({query, key, distance});
    return scores;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &query = saved[0], &key = saved[1], &distance = saved[2];
    const auto length = query.size(2), head_width = query.size(3), max_position = (distance.size(0) + 1) / 2;
    const double scale = 1.0 / std::sqrt(static_cast<double>(head_width));
    const Tensor ascending = distance.slice(0, max_position - length, max_position + length - 1);
    const Tensor descending = ascending.flip(0);

    const Tensor d_scores = gradients[0] * scale;
    const Tensor d_scores_T = d_scores.transpose(2, 3);
    const Tensor by_query = unskewed(d_scores), by_key = unskewed(d_scores_T);
    const Tensor d_query = torch::matmul(d_scores, key) + torch::matmul(by_query, descending);
    const Tensor d_key = torch::matmul(d_scores_T, query) + torch::matmul(by_key, ascending);

    const auto offsets = 2 * length - 1;
    const auto over_all_rows = [&](const Tensor& products, const Tensor& rows) {
      return torch::matmul(products.reshape({-1, offsets}).t(), rows.reshape({-1, head_width}));
    };
    Tensor d_distance = torch::zeros_like(distance);
    d_distance.slice(0, max_position - length, max_position + length - 1)
        .copy_(over_all_rows(by_query, query).flip(0) + over_all_rows(by_key, key));
    return {d_query, d_key, d_distance};
  }
};

}  // namespace

Tensor relative_scores(const Tensor& query_BNLD, const Tensor& key_BNLD, const Tensor& distance_OD) {
  return RelativeScores::apply(query_BNLD, key_BNLD, distance_OD);
}

}  // namespace mofi
