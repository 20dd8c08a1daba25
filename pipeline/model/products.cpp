#include "model/products.h"

#include <torch/csrc/autograd/custom_function.h>

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

bool one_dnn_takes(const Tensor& a) {
  return a.device().is_cpu() && a.scalar_type() == torch::kFloat32 && a.numel() > 0;
}

struct Product : torch::autograd::Function<Product> {
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b) {
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

Tensor product(const Tensor& a, const Tensor& b) {
  if (!one_dnn_takes(a) || !one_dnn_takes(b)) return torch::matmul(a, b);
  auto shape = a.sizes().vec();
  shape.back() = b.size(-1);
  Tensor result = torch::empty(shape, a.options().requires_grad(false));
  at::native::mkldnn_matmul(a, b, result, 0, 1);
  return result;
}

void multiply_into(const Tensor& a, const Tensor& b, const Tensor& c, bool adds) {
  at::native::mkldnn_matmul(a, b, c, adds ? 1.0F : 0.0F, 1.0F);
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
