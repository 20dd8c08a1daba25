#pragma once
// Matrix products of the model, by one of the two libraries that LibTorch carries.

#include <torch/types.h>

#include <string>

namespace mofi {

/// What computes float32 products on the CPU. ATen gives them to MKL, which stays on AVX2 on AMD processors,
/// where oneDNN takes AVX-512: 2.1 to 2.5 times the rate there, about the same on Intel's.
enum class ProductLibrary { kAten, kOneDnn };

struct ProductChoice {
  ProductLibrary library;
  std::string reason;  ///< a clause that a person reads
};

/// ATen on Intel's processors, oneDNN on others; MOFI_PRODUCTS=aten or onednn decides instead. A rule, not a
/// timing: the same machine must give the same bits, however busy it is. Throws kUsage for another
/// MOFI_PRODUCTS.
const ProductChoice& product_choice();

/// How many times as fast as ATen oneDNN is here and now, by timing both for some milliseconds: whether the
/// rule holds.
double measured_speed_of_onednn();

/// a·b of float32 matrices on the CPU, or of two equal-sized batches of them, by that library. Not
/// differentiable.
torch::Tensor product_by(ProductLibrary library, const torch::Tensor& a, const torch::Tensor& b);

/// a·b of two matrices, or of two equal-sized batches of them ([n, m, k]·[n, k, l]). Not differentiable.
/// float32 on the CPU by product_choice(), everything else by ATen. Transposed views need no copy.
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b);

/// As `product`, differentiable in both, in the type of a.
torch::Tensor differentiable_product(const torch::Tensor& a, const torch::Tensor& b);

/// x Wᵀ + b, differentiable, in the type of x; x is [.., in], weight_OI [out, in]; without a bias when bias_O
/// is undefined.
torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight_OI, const torch::Tensor& bias_O);

}  // namespace mofi
