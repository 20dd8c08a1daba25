#include "model/relative_attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "model/products.h"

namespace mofi {
namespace {

using torch::Tensor;

// Two tables of 2L-1 offsets are used. For a query l the row q_l·E must be read at r - l, ascending in r, so
// its table is the reversed one; for a key r the row k_r·E must be read at l - r, ascending in l, so its
// table is the plain one. In both cases element (i, j) of the skewed matrix stands at i (2L-1) + (j - i +
// L-1) = i (2L-2) + j + (L-1).

/// The view [.., L, L] of products [.., L, 2L-1] described above.
Tensor skewed(const Tensor& products_BNLO) {
  const auto length = products_BNLO.size(2), offsets = products_BNLO.size(3);
  return products_BNLO.as_strided({products_BNLO.size(0), products_BNLO.size(1), length, length},
                                  {products_BNLO.stride(0), products_BNLO.stride(1), offsets - 1, 1},
                                  length - 1);
}

/// The adjoint of `skewed`: every gradient at its offset, zero elsewhere.
Tensor unskewed(const Tensor& gradient_BNLL) {
  const auto length = gradient_BNLL.size(2);
  Tensor products = torch::zeros({gradient_BNLL.size(0), gradient_BNLL.size(1), length, 2 * length - 1},
                                 gradient_BNLL.options());
  skewed(products).copy_(gradient_BNLL);
  return products;
}

/// The two tables for rows of this length.
struct OffsetTables {
  Tensor ascending_OD, descending_OD;
};

OffsetTables tables_for(const Tensor& distance_OD, std::int64_t length) {
  const auto max_position = (distance_OD.size(0) + 1) / 2;
  const Tensor ascending = distance_OD.slice(0, max_position - length, max_position + length - 1);
  return {ascending, ascending.flip(0)};
}

struct RelativeScores : torch::autograd::Function<RelativeScores> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& query, const Tensor& key,
                        const Tensor& distance) {
    const auto batch = query.size(0), heads = query.size(1), length = query.size(2),
               head_width = query.size(3);
    const double scale = 1.0 / std::sqrt(static_cast<double>(head_width));
    const OffsetTables tables = tables_for(distance, length);
    const auto with_offsets = [&](const Tensor& rows, const Tensor& table) {
      return product(rows.view({-1, head_width}), table.t()).view({batch, heads, length, 2 * length - 1});
    };
    const auto flat = [&](const Tensor& x) { return x.view({batch * heads, length, head_width}); };

    Tensor scores = product(flat(query), flat(key).transpose(1, 2)).view({batch, heads, length, length});
    scores.add_(skewed(with_offsets(query, tables.descending_OD)));
    scores.add_(skewed(with_offsets(key, tables.ascending_OD)).transpose(2, 3));
    context->save_for_backward({query, key, distance});
    return scores.mul_(scale);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &query = saved[0], &key = saved[1], &distance = saved[2];
    const auto batch = query.size(0), heads = query.size(1), length = query.size(2),
               head_width = query.size(3);
    const OffsetTables tables = tables_for(distance, length);
    const auto flat = [&](const Tensor& x) { return x.reshape({batch * heads, length, -1}); };
    const auto rows = [&](const Tensor& x) { return x.reshape({batch * heads * length, -1}); };

    const Tensor d_scores = gradients[0] * (1.0 / std::sqrt(static_cast<double>(head_width)));
    const Tensor d_scores_T = d_scores.transpose(2, 3);
    const Tensor by_query = rows(unskewed(d_scores)), by_key = rows(unskewed(d_scores_T));
    const Tensor d_query =
        rows(product(flat(d_scores), flat(key))).add_(product(by_query, tables.descending_OD));
    const Tensor d_key =
        rows(product(flat(d_scores).transpose(1, 2), flat(query))).add_(product(by_key, tables.ascending_OD));

    Tensor d_distance = torch::zeros_like(distance);
    tables_for(d_distance, length)
        .ascending_OD.copy_(product(by_query.t(), rows(query)).flip(0).add_(product(by_key.t(), rows(key))));
    return {d_query.view(query.sizes()), d_key.view(key.sizes()), d_distance};
  }
};

}  // namespace

Tensor relative_scores(const Tensor& query_BNLD, const Tensor& key_BNLD, const Tensor& distance_OD) {
  return RelativeScores::apply(query_BNLD, key_BNLD, distance_OD);
}

}  // namespace mofi
