#include "model/fused_layers.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include "model/dropout.h"
#include "model/gpu/device_layers.h"
#include "model/gpu/kernel_choice.h"
#include "model/products.h"
#include "model/row_kernels.h"
#include "model/threads.h"

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool has_kernels(const Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16);
}

/// Row n of a matrix.
const float* row(const Tensor& x, std::int64_t n) { return x.const_data_ptr<float>() + n * x.size(1); }
float* mutable_row(Tensor& x, std::int64_t n) { return x.data_ptr<float>() + n * x.size(1); }

template <class T>
const T* row_as(const Tensor& x, std::int64_t n) {
  return static_cast<const T*>(x.const_data_ptr()) + n * x.size(1);
}
template <class T>
T* mutable_row_as(Tensor& x, std::int64_t n) {
  return static_cast<T*>(x.data_ptr()) + n * x.size(1);
}

/// Calls f(T()) with the type in which x is kept.
template <class F>
void with_type_of(const Tensor& x, F f) {
  if (x.scalar_type() == torch::kBFloat16)
    f(Bfloat16());
  else
    f(float());
}

template <class F>
void for_each_row(std::int64_t rows, F f) {
  at::parallel_for(0, rows, 16, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) f(n);
  });
}

/// Calls f(n, sums) for every row, and returns the sums [of, width] over rows of what f adds to its own. They
/// are made in so many parts, whatever the threads, so that these do not change them.
template <class F>
Tensor sums_over_rows(std::int64_t rows, std::int64_t of, std::int64_t width, F f) {
  constexpr std::int64_t kParts = 32;
  Tensor parts = torch::zeros({kParts, of, width});
  at::parallel_for(0, kParts, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t part = first; part < last; ++part)
      for (std::int64_t n = rows * part / kParts; n < rows * (part + 1) / kParts; ++n)
        f(n, parts.data_ptr<float>() + part * of * width);
  });
  return parts.sum(0);
}

Tensor bias_gelu(const Tensor& x, const Tensor& bias) {
  Tensor out = torch::empty_like(x);
  with_type_of(x, [&](auto type) {
    using T = decltype(type);
    for_each_row(x.size(0), [&](std::int64_t n) {
      bias_gelu_row(row_as<T>(x, n), bias.const_data_ptr<float>(), static_cast<std::size_t>(x.size(1)),
                    mutable_row_as<T>(out, n));
    });
  });
  return out;
}

struct BiasGeluBackward {
  Tensor out, d_bias;  ///< out: what bias_gelu gave
};
/// Turns d_out into the gradient of x.
BiasGeluBackward bias_gelu_backward(const Tensor& x, const Tensor& bias, Tensor& d_out) {
  Tensor out = torch::empty_like(x), d_bias;
  with_type_of(x, [&](auto type) {
    using T = decltype(type);
    d_bias = sums_over_rows(x.size(0), 1, x.size(1), [&](std::int64_t n, float* sums) {
      bias_gelu_row_backward(row_as<T>(x, n), bias.const_data_ptr<float>(), row_as<T>(d_out, n),
                             static_cast<std::size_t>(x.size(1)), mutable_row_as<T>(d_out, n), sums,
                             mutable_row_as<T>(out, n));
    });
  });
  return {out, d_bias[0]};
}

struct GeluProduct : torch::autograd::Function<GeluProduct> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& bias,
                        const Tensor& weight_of_any_type) {
    const Tensor weight = weight_of_any_type.to(x.scalar_type());
    context->save_for_backward({x, bias, weight});
    return product(bias_gelu(x, bias), weight.t());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &bias = saved[1], &weight = saved[2];
    Tensor d_x = product(gradients[0], weight), d_weight;
    const BiasGeluBackward found = bias_gelu_backward(x, bias, d_x);
    if (context->needs_input_grad(2)) d_weight = product(found.out.t(), gradients[0]).t();
    return {d_x, found.d_bias, d_weight};
  }
};

NormWeights weights_of(const Tensor& weight, const Tensor& bias, double epsilon) {
  return {weight.const_data_ptr<float>(), bias.const_data_ptr<float>(), static_cast<float>(epsilon)};
}

struct ResidualNorm : torch::autograd::Function<ResidualNorm> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& bias,
                               const Tensor& residual, const Tensor& weight, const Tensor& norm_bias,
                               double epsilon, double probability, std::int64_t seed) {
    const bool rounds = x.scalar_type() == torch::kBFloat16;
    Tensor sum = torch::empty_like(residual), out = torch::empty_like(residual),
           rounded = rounds ? torch::empty_like(x) : Tensor(),
           moments = torch::empty({x.size(0), 2}, residual.options());
    const NormWeights norm = weights_of(weight, norm_bias, epsilon);
    with_type_of(x, [&](auto type) {
      using T = decltype(type);
      for_each_row(x.size(0), [&](std::int64_t n) {
        const RowMoments found = residual_norm_row(
            row_as<T>(x, n), bias.const_data_ptr<float>(),
            dropout_of_row(probability, static_cast<std::uint64_t>(seed), n), row(residual, n), norm,
            static_cast<std::size_t>(x.size(1)), mutable_row(sum, n), mutable_row(out, n),
            rounds ? mutable_row_as<T>(rounded, n) : nullptr);
        float* kept = mutable_row(moments, n);
        kept[0] = found.mean;
        kept[1] = found.inverse_deviation;
      });
    });
    context->save_for_backward({sum, moments, weight, norm_bias});
    context->set_materialize_grads(false);  // what of the two is not used has no gradient
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["probability"] = probability;
    context->saved_data["seed"] = seed;
    if (!rounds) return {out};
    return {out, rounded};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &sum = saved[0], &moments = saved[1], &weight = saved[2];
    const NormWeights norm = weights_of(weight, saved[3], context->saved_data["epsilon"].toDouble());
    const double probability = context->saved_data["probability"].toDouble();
    const auto seed = static_cast<std::uint64_t>(context->saved_data["seed"].toInt());
    const bool rounds = gradients.size() > 1;
    const Tensor d_out = gradients[0].defined() ? gradients[0].contiguous() : torch::zeros_like(sum);
    const Tensor d_rounded = rounds && gradients[1].defined() ? gradients[1].contiguous() : Tensor();
    Tensor d_residual = torch::empty_like(sum);
    Tensor d_x = torch::empty_like(sum, rounds ? torch::kBFloat16 : torch::kFloat32);
    const std::int64_t width = sum.size(1);
    Tensor sums;
    with_type_of(d_x, [&](auto type) {
      using T = decltype(type);
      sums = sums_over_rows(sum.size(0), 3, width, [&](std::int64_t n, float* into) {
        residual_norm_row_backward(row(sum, n), {row(moments, n)[0], row(moments, n)[1]},
                                   dropout_of_row(probability, seed, n), norm, row(d_out, n),
                                   d_rounded.defined() ? row_as<T>(d_rounded, n) : nullptr,
                                   static_cast<std::size_t>(width), mutable_row_as<T>(d_x, n),
                                   mutable_row(d_residual, n), {into, into + width, into + 2 * width});
      });
    });
    return {d_x, sums[0], d_residual, sums[1], sums[2], {}, {}, {}};
  }
};

}  // namespace

Tensor gelu_product(const Tensor& x_NI, const Tensor& bias_I, const Tensor& weight_OI) {
  if (has_kernels(x_NI)) return GeluProduct::apply(x_NI.contiguous(), bias_I, weight_OI);
  if (const KernelTable* kernels = kernels_for(DeviceKernel::kBiasGelu, x_NI, x_NI.size(1)))
    return device_gelu_product(*kernels, x_NI, bias_I, weight_OI);
  const Tensor exact = x_NI.scalar_type() == torch::kBFloat16 ? x_NI.to(torch::kFloat32) : x_NI;
  return affine(torch::gelu(exact + bias_I).to(x_NI.scalar_type()), weight_OI, {});
}

Hidden rounded_to(torch::ScalarType type, const Tensor& exact_NH) { return {exact_NH, exact_NH.to(type)}; }

Hidden residual_norm(const Tensor& x_NH, const Tensor& bias_H, const Tensor& residual_NH,
                     const LayerNorm& norm, double epsilon, double dropout_probability) {
  if (const KernelTable* kernels = kernels_for(DeviceKernel::kResidualNorm, x_NH, x_NH.size(1)))
    return device_residual_norm(*kernels, x_NH, bias_H, residual_NH, norm, epsilon,
                                drawn_on_device(dropout_probability, x_NH.device()));
  if (!has_kernels(x_NH)) {
    const Tensor sum = dropout(x_NH + bias_H, dropout_probability) + residual_NH;
    return rounded_to(x_NH.scalar_type(),
                      torch::layer_norm(sum, {sum.size(1)}, norm.weight, norm.bias, epsilon));
  }
  const auto seed = dropout_probability > 0 ? static_cast<std::int64_t>(drawn_seed()) : 0;
  const auto out = ResidualNorm::apply(x_NH.contiguous(), bias_H, residual_NH.contiguous(), norm.weight,
                                       norm.bias, epsilon, dropout_probability, seed);
  return {out.front(), out.back()};
}

}  // namespace mofi
