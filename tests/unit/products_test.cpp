// Products by either library, and fully connected layers in either precision, against ATen.

#include "model/products.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

namespace mofi {
namespace {

using torch::Tensor;

TEST(Products, equal_those_of_aten_for_plain_transposed_and_batched_matrices) {
  torch::manual_seed(6);
  const Tensor a = torch::randn({33, 17}), b = torch::randn({17, 21}), c = torch::randn({5, 8, 6}),
               d = torch::randn({5, 9, 6});
  const auto expect_equal = [](const Tensor& x, const Tensor& y) {
    for (const ProductLibrary library : {ProductLibrary::kAten, ProductLibrary::kOneDnn})
      EXPECT_TRUE(torch::allclose(product_by(library, x, y), torch::matmul(x, y), 1e-5, 1e-5));
  };
  expect_equal(a, b);
  expect_equal(b.t(), a.t());
  expect_equal(c, d.transpose(1, 2));
  expect_equal(c.transpose(1, 2), c);
  expect_equal(a.slice(0, 1, 9), b);
}

TEST(Products, the_library_is_a_rule_with_a_reason_whose_claim_can_be_measured) {
  const ProductChoice& choice = product_choice();
  EXPECT_EQ(&choice, &product_choice());
  EXPECT_THAT(choice.reason,
              testing::AnyOf(testing::HasSubstr("Intel"), testing::HasSubstr("MOFI_PRODUCTS")));
  EXPECT_GT(measured_speed_of_onednn(), 0.1);
}

TEST(Products, gradients_of_a_fully_connected_layer_equal_those_of_aten) {
  torch::manual_seed(7);
  const Tensor x = torch::randn({2, 5, 6}).requires_grad_(), w = torch::randn({4, 6}).requires_grad_(),
               b = torch::randn({4}).requires_grad_();
  const Tensor weight = torch::randn({2, 5, 4});
  const auto got = torch::autograd::grad({(affine(x, w, b) * weight).sum()}, {x, w, b});
  const auto wanted = torch::autograd::grad({(torch::linear(x, w, b) * weight).sum()}, {x, w, b});
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(torch::allclose(got[i], wanted[i], 1e-5, 1e-5)) << i;
}

TEST(Products, a_layer_computes_in_the_type_of_its_input_and_gives_weights_gradients_of_theirs) {
  torch::manual_seed(8);
  const Tensor x = torch::randn({64, 48}).to(torch::kBFloat16).requires_grad_(),
               w = torch::randn({32, 48}).requires_grad_(), b = torch::randn({32}).requires_grad_();
  const Tensor y = affine(x, w, b);
  EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  const auto got = torch::autograd::grad({y.sum()}, {x, w, b});
  EXPECT_EQ(got[0].scalar_type(), torch::kBFloat16);
  EXPECT_EQ(got[1].scalar_type(), torch::kFloat32);
  EXPECT_EQ(got[2].scalar_type(), torch::kFloat32);
  const Tensor exact_x = x.detach().to(torch::kFloat32).requires_grad_();
  const Tensor exact = torch::linear(exact_x, w, b);
  const auto wanted = torch::autograd::grad({exact.sum()}, {exact_x, w, b});
  // 8 bits of mantissa: the weights rounded once, the sums twice more.
  const double size = exact.abs().max().item<double>();
  EXPECT_LT((y - exact).abs().max().item<double>(), size / 64);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_LT((got[i] - wanted[i]).abs().max().item<double>(), wanted[i].abs().max().item<double>() / 64)
        << i;
}

}  // namespace
}  // namespace mofi
