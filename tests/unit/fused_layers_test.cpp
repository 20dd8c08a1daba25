// The CPU's own layers between products against their definition by ATen.

#include "model/fused_layers.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <array>
#include <set>
#include <thread>

#include "model/threads.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr double kEpsilon = 1e-12;

Tensor leaf(at::IntArrayRef sizes, torch::ScalarType type = torch::kFloat32) {
  return torch::randn(sizes).to(type).requires_grad_();
}

/// The same values in another type.
Tensor as(torch::ScalarType type, const Tensor& x) { return x.detach().to(type).requires_grad_(); }

void expect_close(const Tensor& found, const Tensor& expected, double bound, const std::string& what) {
  EXPECT_LE((found - expected).abs().max().item<double>(),
            bound * std::max(1.0, expected.abs().max().item<double>()))
      << what;
}

Tensor bias_gelu(const Tensor& x, const Tensor& bias) { return gelu_product(x, bias, torch::eye(x.size(1))); }

TEST(BiasGelu, value_and_gradients_equal_the_definition_far_into_the_tails) {
  const Tensor x = torch::linspace(-12, 12, 3 * 1001).view({3, 1001}).requires_grad_(),
               bias = torch::zeros({1001}).requires_grad_();
  const Tensor exact = as(torch::kFloat64, x);
  const Tensor found = bias_gelu(x, bias), expected = torch::gelu(exact);
  EXPECT_LT((found - expected).abs().max().item<double>(), 2e-6);
  const auto d_found = torch::autograd::grad({found.sum()}, {x}),
             d_expected = torch::autograd::grad({expected.sum()}, {exact});
  EXPECT_LT((d_found[0] - d_expected[0]).abs().max().item<double>(), 2e-6);
}

TEST(BiasGelu, rows_of_any_width_equal_the_definition) {
  torch::manual_seed(1);
  for (const std::int64_t width : {1, 7, 16, 40, 1024}) {
    const Tensor x = leaf({37, width}), bias = leaf({width}), upstream = torch::randn({37, width});
    const Tensor found = bias_gelu(x, bias), expected = torch::gelu(x + bias);
    expect_close(found, expected, 1e-6, "value");
    const auto got = torch::autograd::grad({found}, {x, bias}, {upstream}),
               wanted = torch::autograd::grad({expected}, {x, bias}, {upstream});
    expect_close(got[0], wanted[0], 2e-6, "x");
    expect_close(got[1], wanted[1], 4e-6, "bias");
  }
}

TEST(BiasGelu, bfloat16_is_rounded_where_it_comes_in_and_goes_out_and_nowhere_else) {
  torch::manual_seed(2);
  const Tensor x = leaf({9, 45}, torch::kBFloat16), bias = leaf({45}),
               upstream = torch::randn({9, 45}).to(torch::kBFloat16);
  const Tensor exact = as(torch::kFloat32, x);
  const Tensor found = bias_gelu(x, bias), expected = bias_gelu(exact, bias);
  EXPECT_TRUE(torch::equal(found, expected.to(torch::kBFloat16)));
  const auto got = torch::autograd::grad({found}, {x, bias}, {upstream}),
             wanted = torch::autograd::grad({expected}, {exact, bias}, {upstream.to(torch::kFloat32)});
  EXPECT_TRUE(torch::equal(got[0], wanted[0].to(torch::kBFloat16)));
  EXPECT_TRUE(torch::equal(got[1], wanted[1]));
}

TEST(GeluProduct, value_and_gradients_equal_the_definition_frozen_weights_or_not) {
  torch::manual_seed(3);
  const Tensor x = leaf({29, 48}), bias = leaf({48}), weight = leaf({20, 48}),
               upstream = torch::randn({29, 20});
  const Tensor expected = torch::mm(torch::gelu(x + bias), weight.t());
  const auto wanted = torch::autograd::grad({expected}, {x, bias, weight}, {upstream});
  for (const bool frozen : {false, true}) {
    std::vector<Tensor> leaves = {x, bias};
    if (!frozen) leaves.push_back(weight);
    const Tensor found = gelu_product(x, bias, frozen ? weight.detach() : weight);
    expect_close(found, expected, 2e-6, "value");
    const auto got = torch::autograd::grad({found}, leaves, {upstream});
    for (std::size_t i = 0; i < got.size(); ++i)
      expect_close(got[i], wanted[i], 4e-6, fmt::format("leaf {}", i));
  }
}

struct NormCase {
  Tensor x, bias, residual;
  LayerNorm norm;

  std::vector<Tensor> leaves() const { return {x, bias, residual, norm.weight, norm.bias}; }
};

NormCase norm_case(std::int64_t rows, std::int64_t width, torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(3);
  return {leaf({rows, width}, type), leaf({width}), leaf({rows, width}), {leaf({width}), leaf({width})}};
}

Tensor by_definition(const NormCase& c, const Tensor& kept) {
  return torch::layer_norm((c.x + c.bias) * kept + c.residual, {c.x.size(1)}, c.norm.weight, c.norm.bias,
                           kEpsilon);
}

TEST(ResidualNorm, value_and_gradients_equal_the_definition_for_rows_of_any_width) {
  for (const std::int64_t width : {2, 24, 33, 256, 768}) {
    const NormCase c = norm_case(41, width);
    const Hidden found = residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0);
    EXPECT_TRUE(found.rounded_NH.is_same(found.exact_NH));
    const Tensor expected = by_definition(c, torch::ones({1})), upstream = torch::randn({41, width});
    expect_close(found.exact_NH, expected, 2e-5, "value");
    const auto got = torch::autograd::grad({found.exact_NH}, c.leaves(), {upstream}),
               wanted = torch::autograd::grad({expected}, c.leaves(), {upstream});
    for (std::size_t i = 0; i < got.size(); ++i)
      expect_close(got[i], wanted[i], width == 2 ? 1e-2 : 5e-5, fmt::format("leaf {}, width {}", i, width));
  }
}

TEST(ResidualNorm, dropout_takes_its_share_of_x_and_goes_back_by_the_same_mask) {
  const NormCase c = norm_case(200, 70);
  const Hidden found = residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0.25);
  const Tensor upstream = torch::randn({200, 70});
  const auto got = torch::autograd::grad({found.exact_NH}, c.leaves(), {upstream});
  const Tensor kept = (got[0] != 0).to(torch::kFloat32) / 0.75;
  EXPECT_NEAR((kept == 0).to(torch::kFloat64).mean().item<double>(), 0.25,
              0.015);  // four standard deviations
  const Tensor expected = by_definition(c, kept);
  expect_close(found.exact_NH, expected, 2e-5, "value");
  const auto wanted = torch::autograd::grad({expected}, c.leaves(), {upstream});
  for (std::size_t i = 0; i < got.size(); ++i)
    expect_close(got[i], wanted[i], 1e-4, fmt::format("leaf {}", i));
}

TEST(ResidualNorm, of_bfloat16_gives_both_hidden_states_and_takes_gradients_of_both) {
  const NormCase c = norm_case(21, 50, torch::kBFloat16);
  NormCase exact = c;
  exact.x = as(torch::kFloat32, c.x);
  const Hidden found = residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0),
               expected = residual_norm(exact.x, exact.bias, exact.residual, exact.norm, kEpsilon, 0);
  EXPECT_TRUE(torch::equal(found.exact_NH, expected.exact_NH));
  EXPECT_TRUE(torch::equal(found.rounded_NH, expected.exact_NH.to(torch::kBFloat16)));
  const Tensor upstream = torch::randn({21, 50}),
               through_rounded = torch::randn({21, 50}).to(torch::kBFloat16);
  const auto got = torch::autograd::grad({found.exact_NH, found.rounded_NH}, c.leaves(),
                                         {upstream, through_rounded}),
             wanted = torch::autograd::grad({expected.exact_NH}, exact.leaves(),
                                            {upstream + through_rounded.to(torch::kFloat32)});
  EXPECT_TRUE(torch::equal(got[0], wanted[0].to(torch::kBFloat16)));
  for (std::size_t i = 1; i < got.size(); ++i) EXPECT_TRUE(torch::equal(got[i], wanted[i])) << "leaf " << i;
  const auto of_rounded_alone =
      torch::autograd::grad({residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0).rounded_NH},
                            {c.residual}, {through_rounded});
  EXPECT_GT(of_rounded_alone[0].abs().max().item<float>(), 0);
}

TEST(FusedLayers, work_is_shared_among_threads) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  std::array<std::thread::id, 3> ran;
  at::parallel_for(0, 3, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) ran[static_cast<std::size_t>(i)] = std::this_thread::get_id();
  });
  at::set_num_threads(before);
  EXPECT_EQ(std::set(ran.begin(), ran.end()).size(), 3U);
}

TEST(FusedLayers, threads_change_neither_values_nor_gradients_by_a_bit) {
  const NormCase c = norm_case(333, 64);
  const auto all = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    torch::manual_seed(4);
    const Tensor y =
        bias_gelu(residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0.1).exact_NH, c.bias);
    auto found = torch::autograd::grad({y.square().sum()}, c.leaves());
    found.push_back(y.detach());
    at::set_num_threads(before);
    return found;
  };
  const auto one = all(1), three = all(3);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

TEST(FusedLayers, what_is_no_number_stays_visible) {
  NormCase c = norm_case(3, 20, torch::kBFloat16);
  const torch::NoGradGuard no_grad;
  c.x[1][7] = std::numeric_limits<float>::quiet_NaN();
  const Hidden found = residual_norm(c.x, c.bias, c.residual, c.norm, kEpsilon, 0);
  EXPECT_TRUE(found.exact_NH[1].isnan().all().item<bool>());
  EXPECT_TRUE(found.rounded_NH[1].isnan().all().item<bool>());
  EXPECT_FALSE(found.exact_NH[0].isnan().any().item<bool>());
  EXPECT_TRUE(bias_gelu(c.x, c.bias)[1][7].isnan().item<bool>());
}

}  // namespace
}  // namespace mofi
