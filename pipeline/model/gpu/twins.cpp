#include "model/gpu/twins.h"

#include <torch/torch.h>

#include "model/relative_attention.h"
#include "model/row_kernels.h"

namespace mofi {
namespace {

using torch::Tensor;

Tensor exact(const Tensor& x) { return x.to(torch::kFloat32); }

}  // namespace

Tensor dropout_factors(double probability, std::uint64_t seed, std::int64_t first_row, std::int64_t rows,
                       std::int64_t width) {
  const Tensor ones = torch::ones({width});
  Tensor factors = torch::empty({rows, width});
  for (std::int64_t n = 0; n < rows; ++n)
    drop_row(ones.const_data_ptr<float>(), dropout_of_row(probability, seed, first_row + n),
             static_cast<std::size_t>(width), factors.data_ptr<float>() + n * width);
  return factors;
}

Tensor twin_gelu_product(const Tensor& x_NI, const Tensor& bias_I, const Tensor& weight_OI) {
  return torch::matmul(torch::gelu(exact(x_NI) + bias_I), exact(weight_OI).t());
}

Tensor twin_residual_norm(const Tensor& x_NH, const Tensor& bias_H, const Tensor& residual_NH,
                          const LayerNorm& norm, double epsilon, double probability, std::uint64_t seed) {
  const Tensor factors = dropout_factors(probability, seed, 0, x_NH.size(0), x_NH.size(1)).to(x_NH.device());
  return torch::layer_norm((exact(x_NH) + bias_H) * factors + residual_NH, {x_NH.size(1)}, norm.weight,
                           norm.bias, epsilon);
}

Tensor twin_attention(const Tensor& query_NH, const Tensor& key_NH, const Tensor& value_NH,
                      const Tensor& distance_OD, const Tensor& bias_N, const Sequences& sequences,
                      std::int64_t heads, double probability, std::uint64_t seed) {
  const std::int64_t max_position = (distance_OD.size(0) + 1) / 2, rows = query_NH.size(0);
  std::vector<Tensor> results;
  for (std::int64_t s = 0; s < sequences.count(); ++s) {
    const std::int64_t start = sequences.starts[static_cast<std::size_t>(s)], length = sequences.length(s);
    const auto part = [&](const Tensor& x) {
      return exact(x)
          .slice(0, start, start + length)
          .view({1, length, heads, -1})
          .transpose(1, 2)
          .contiguous();
    };
    Tensor scores = relative_scores(part(query_NH), part(key_NH), distance_OD);
    if (bias_N.defined()) scores = scores + bias_N.slice(0, start, start + length);
    std::vector<Tensor> factors;
    for (std::int64_t head = 0; head < heads; ++head)
      factors.push_back(
          dropout_factors(probability, seed, (s * heads + head) * max_position, length, length));
    const Tensor dropped = torch::softmax(scores, -1) * torch::stack(factors).to(query_NH.device());
    results.push_back(torch::matmul(dropped, part(value_NH)).transpose(1, 2).reshape({length, -1}));
  }
  results.push_back(
      torch::zeros({rows - sequences.starts.back(), query_NH.size(1)}, results.front().options()));
  return torch::cat(results);
}

}  // namespace mofi
