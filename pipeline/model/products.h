#pragma once
// Matrix products of the model, by the faster of the libraries that LibTorch carries. ATen gives float32
// products to MKL, which stays on AVX2 on AMD processors; oneDNN does not (2.1 to 2.5 times the rate there,
// about equal on Intel's).

#include <torch/types.h>

namespace mofi {

/// a·b of two matrices, or of two equal-sized batches of them ([n, m, k]·[n, k, l]). Not differentiable.
/// float32 on the CPU by oneDNN, everything else by ATen. Transposed views need no copy.
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b);

/// c = a·b, or with `adds` c += a·b, of float32 matrices on the CPU that may be strided views. Not
/// differentiable.
void multiply_into(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& c, bool adds);

/// As `product`, differentiable in both.
torch::Tensor differentiable_product(const torch::Tensor& a, const torch::Tensor& b);

/// x Wᵀ + b, differentiable; x is [.., in], weight_OI [out, in]; without a bias when bias_O is undefined.
torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight_OI, const torch::Tensor& bias_O);

}  // namespace mofi
