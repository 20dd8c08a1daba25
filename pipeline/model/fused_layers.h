#pragma once
// What stands between the matrix products of a Transformer layer, each as one differentiable function that
// reads and writes its tensors once: bias and GELU, with the product behind them; bias, dropout, residual and
// LayerNorm (BERT's post-norm, midibert.md 3.3). float32 and bfloat16 on the CPU go through row_kernels.h, on
// devices through kernels of their own where there are some (gpu/kernel_choice.h); all else goes through ATen
// with the same result.
//
// Hidden states are float32 throughout. What goes into matrix products is of the type in which these are
// computed: float32, or bfloat16, to which hidden states are rounded for that alone.

#include <torch/types.h>

namespace mofi {

/// gelu(x + bias) Wᵀ, of x's type. x_NI: [rows, inner], weight_OI: [outer, inner]. Keeps x alone for the way
/// back, which computes gelu(x + bias), the widest tensor of a layer, once more.
torch::Tensor gelu_product(const torch::Tensor& x_NI, const torch::Tensor& bias_I,
                           const torch::Tensor& weight_OI);

struct LayerNorm {
  torch::Tensor weight, bias;
};

/// Hidden states, and what goes into products: the same tensor, or its bfloat16.
struct Hidden {
  torch::Tensor exact_NH, rounded_NH;
};
Hidden rounded_to(torch::ScalarType type, const torch::Tensor& exact_NH);

/// LayerNorm(dropout(x + bias) + residual). x_NH: [rows, hidden], as a product leaves it; its type decides
/// `rounded`.
Hidden residual_norm(const torch::Tensor& x_NH, const torch::Tensor& bias_H, const torch::Tensor& residual_NH,
                     const LayerNorm& norm, double epsilon, double dropout_probability);

}  // namespace mofi
