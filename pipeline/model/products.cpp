#include "model/products.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <chrono>
#include <cstdlib>
#include <limits>

#include "core/error.h"

namespace at::native {
// Exported by libtorch_cpu but not declared in the wheel's headers (LibTorch 2.11,
// aten/src/ATen/native/mkldnn/Matmul.h): result = beta · result + alpha · mat1·mat2. A test compares it with
// ATen, so that another LibTorch cannot change it unseen.
void mkldnn_matmul(const Tensor& mat1, const Tensor& mat2, const Tensor& result, float beta, float alpha);
}  // namespace at::native

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_float32_on_cpu(const Tensor& a) {
  return a.device().is_cpu() && a.scalar_type() == torch::kFloat32 && a.numel() > 0;
}

/// The least time of a few products of 0.27 GFLOP.
double seconds_of_a_product(ProductLibrary library, const Tensor& a, const Tensor& b) {
  using Clock = std::chrono::steady_clock;
  double least = std::numeric_limits<double>::infinity();
  for (int repetition = 0; repetition < 6; ++repetition) {
    const auto start = Clock::now();
    product_by(library, a, b);
    least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return least;
}

ProductChoice choose_library() {
  const char* wish = std::getenv("MOFI_PRODUCTS");
  if (wish != nullptr) {
    const std::string name = wish;
    if (name != "aten" && name != "onednn")
      fail(ExitCode::kUsage, "MOFI_PRODUCTS is '{}'; expected aten or onednn", name);
    return {name == "aten" ? ProductLibrary::kAten : ProductLibrary::kOneDnn,
            fmt::format("MOFI_PRODUCTS={}", name)};
  }
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_is("intel")) return {ProductLibrary::kAten, "an Intel processor"};
#endif
  return {ProductLibrary::kOneDnn, "not an Intel processor"};
}

struct Product : torch::autograd::Function<Product> {
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b_of_any_type) {
    const Tensor b = b_of_any_type.to(a.scalar_type());
    context->save_for_backward({a, b});
    return product(a, b);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    Tensor d_a, d_b;  // frozen weights and fixed features need none
    if (context->needs_input_grad(0)) d_a = product(gradients[0], saved[1].transpose(-1, -2));
    if (context->needs_input_grad(1)) d_b = product(saved[0].transpose(-1, -2), gradients[0]);
    return {d_a, d_b};
  }
};

}  // namespace

const ProductChoice& product_choice() {
  static const ProductChoice choice = choose_library();
  return choice;
}

double measured_speed_of_onednn() {
  const torch::NoGradGuard no_grad;
  const Tensor a = torch::full({512, 512}, 0.5F), b = torch::full({512, 512}, 0.25F);
  return seconds_of_a_product(ProductLibrary::kAten, a, b) /
         seconds_of_a_product(ProductLibrary::kOneDnn, a, b);
}

Tensor product_by(ProductLibrary library, const Tensor& a, const Tensor& b) {
  if (library == ProductLibrary::kAten) return torch::matmul(a, b);
  auto shape = a.sizes().vec();
  shape.back() = b.size(-1);
  Tensor result = torch::empty(shape, a.options().requires_grad(false));
  at::native::mkldnn_matmul(a, b, result, 0, 1);
  return result;
}

Tensor product(const Tensor& a, const Tensor& b) {
  const bool chosen = is_float32_on_cpu(a) && is_float32_on_cpu(b);
  return product_by(chosen ? product_choice().library : ProductLibrary::kAten, a, b);
}

Tensor differentiable_product(const Tensor& a, const Tensor& b) { return Product::apply(a, b); }

Tensor affine(const Tensor& x, const Tensor& weight_OI, const Tensor& bias_O) {
  auto shape = x.sizes().vec();
  shape.back() = weight_OI.size(0);
  Tensor y = differentiable_product(x.reshape({-1, x.size(-1)}), weight_OI.t());
  if (bias_O.defined()) y.add_(bias_O);
  return y.view(shape);
}

}  // namespace mofi
