#include "model/gpu/device_layers.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>

#include "model/gpu/attention_tiles.h"
#include "model/gpu/row_sums.h"
#include "model/products.h"

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

int index_of_device(const Tensor& x) { return x.device().has_index() ? x.device().index() : 0; }

/// Calls f(T()) with the type in which x is kept.
template <class F>
void with_type_of(const Tensor& x, F f) {
  if (x.scalar_type() == torch::kBFloat16)
    f(Bfloat16());
  else
    f(float());
}

/// autograd takes no undefined tensor: one without elements stands for what is not there.
Tensor or_nothing(const Tensor& x, const Tensor& like) {
  return x.defined() ? x : torch::empty({0}, like.options());
}
template <class T>
const T* in(const Tensor& x) {
  return x.defined() && x.numel() > 0 ? static_cast<const T*>(x.const_data_ptr()) : nullptr;
}
template <class T>
T* out_of(const Tensor& x) {
  return x.defined() ? static_cast<T*>(x.data_ptr()) : nullptr;
}

DeviceDropout dropout_of(double probability, const Tensor& seed) {
  if (probability <= 0) return {};
  return {in<std::int64_t>(seed), static_cast<std::uint32_t>(probability * 4294967296.0),
          static_cast<float>(1 / (1 - probability))};
}

/// Rows one behind another, from an address at which 16 bytes can be read at once.
Tensor packed(const Tensor& x) {
  if (!x.defined()) return x;
  const Tensor contiguous = x.contiguous();
  return reinterpret_cast<std::uintptr_t>(contiguous.const_data_ptr()) % 16 == 0 ? contiguous
                                                                                 : contiguous.clone();
}

Tensor floats(const Tensor& like, at::IntArrayRef sizes) {
  return torch::empty(sizes, like.options().dtype(torch::kFloat32).requires_grad(false));
}

const KernelTable& table_of(AutogradContext* context) {
  return *reinterpret_cast<const KernelTable*>(context->saved_data["kernels"].toInt());
}
void keep_table(AutogradContext* context, const KernelTable& kernels) {
  context->saved_data["kernels"] = reinterpret_cast<std::int64_t>(&kernels);
}

// --- Bias and GELU

struct DeviceGeluProduct : torch::autograd::Function<DeviceGeluProduct> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& bias,
                        const Tensor& weight_of_any_type, const KernelTable& kernels) {
    const Tensor weight = weight_of_any_type.to(x.scalar_type());
    keep_table(context, kernels);
    context->save_for_backward({x, bias, weight});
    Tensor out = torch::empty_like(x);
    with_type_of(x, [&](auto type) {
      using T = decltype(type);
      kernels.of<T>().bias_gelu({in<T>(x), in<float>(bias), x.size(0), x.size(1), out_of<T>(out)},
                                index_of_device(x));
    });
    return product(out, weight.t());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &bias = saved[1], &weight = saved[2];
    Tensor d_x = product(gradients[0], weight), out = torch::empty_like(x), d_weight,
           parts = floats(x, {row_parts(x.size(0)), x.size(1)}), d_bias = floats(x, {x.size(1)});
    with_type_of(x, [&](auto type) {
      using T = decltype(type);
      table_of(context).of<T>().bias_gelu_backward(
          {in<T>(x), in<float>(bias), x.size(0), x.size(1), in<T>(d_x), out_of<T>(d_x), out_of<T>(out),
           out_of<float>(parts), out_of<float>(d_bias)},
          index_of_device(x));
    });
    if (context->needs_input_grad(2)) d_weight = product(out.t(), gradients[0]).t();
    return {d_x, d_bias, d_weight, {}};
  }
};

// --- Residual and LayerNorm

struct DeviceResidualNorm : torch::autograd::Function<DeviceResidualNorm> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& bias,
                               const Tensor& residual, const Tensor& weight, const Tensor& norm_bias,
                               double epsilon, double probability, const Tensor& seed,
                               const KernelTable& kernels) {
    Tensor sum = torch::empty_like(residual), out = torch::empty_like(residual),
           moments = floats(x, {x.size(0), 2});
    const Tensor rounded = x.scalar_type() == torch::kBFloat16 ? torch::empty_like(x) : Tensor();
    with_type_of(x, [&](auto type) {
      using T = decltype(type);
      kernels.of<T>().residual_norm(
          {in<T>(x), in<float>(bias), in<float>(residual), in<float>(weight), in<float>(norm_bias),
           static_cast<float>(epsilon), x.size(0), x.size(1), dropout_of(probability, seed),
           out_of<float>(sum), out_of<float>(out), out_of<T>(rounded), out_of<float>(moments)},
          index_of_device(x));
    });
    keep_table(context, kernels);
    context->save_for_backward({sum, moments, weight, seed});
    context->set_materialize_grads(false);  // what of the two is not used has no gradient
    context->saved_data["probability"] = probability;
    if (!rounded.defined()) return {out};
    return {out, rounded};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &sum = saved[0], &moments = saved[1], &weight = saved[2], &seed = saved[3];
    const bool rounds = gradients.size() > 1;
    const Tensor d_out = gradients[0].defined() ? packed(gradients[0]) : torch::zeros_like(sum);
    const Tensor d_rounded = rounds && gradients[1].defined() ? packed(gradients[1]) : Tensor();
    Tensor d_residual = torch::empty_like(sum),
           d_x = torch::empty_like(sum, rounds ? torch::kBFloat16 : torch::kFloat32),
           parts = floats(sum, {row_parts(sum.size(0)), 3 * sum.size(1)}),
           sums = floats(sum, {3, sum.size(1)});
    with_type_of(d_x, [&](auto type) {
      using T = decltype(type);
      table_of(context).of<T>().residual_norm_backward(
          {in<float>(sum), in<float>(moments), in<float>(weight), sum.size(0), sum.size(1),
           dropout_of(context->saved_data["probability"].toDouble(), seed), in<float>(d_out),
           in<T>(d_rounded), out_of<T>(d_x), out_of<float>(d_residual), out_of<float>(parts),
           out_of<float>(sums)},
          index_of_device(sum));
    });
    return {d_x, sums[0], d_residual, sums[1], sums[2], {}, {}, {}, {}};
  }
};

// --- Attention

struct AttentionTensors {
  Tensor query, key, value, distance, bias, starts, seed, result, log_sums;
  std::int64_t heads;
  double probability;
};

template <class T>
AttentionForward<T> arguments_of(const AttentionTensors& t) {
  const std::int64_t width = t.distance.size(1);
  return {in<T>(t.query),
          in<T>(t.key),
          in<T>(t.value),
          in<T>(t.distance),
          in<float>(t.bias),
          in<std::int64_t>(t.starts),
          t.starts.numel() - 1,
          t.query.size(0),
          static_cast<int>(t.heads),
          static_cast<int>(width),
          static_cast<int>((t.distance.size(0) + 1) / 2),
          static_cast<float>(1 / std::sqrt(static_cast<double>(width))),
          dropout_of(t.probability, t.seed),
          out_of<T>(t.result),
          out_of<float>(t.log_sums)};
}

struct DeviceAttention : torch::autograd::Function<DeviceAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& query, const Tensor& key, const Tensor& value,
                        const Tensor& distance, const Tensor& bias, const Tensor& starts, std::int64_t heads,
                        double probability, const Tensor& seed, const KernelTable& kernels) {
    const AttentionTensors t = {query,
                                key,
                                value,
                                distance.to(query.scalar_type()),
                                bias,
                                starts,
                                seed,
                                torch::empty_like(query),
                                floats(query, {heads, query.size(0)}),
                                heads,
                                probability};
    with_type_of(query, [&](auto type) {
      using T = decltype(type);
      kernels.of<T>().attention(arguments_of<T>(t), index_of_device(query));
    });
    keep_table(context, kernels);
    context->save_for_backward(
        {t.query, t.key, t.value, t.distance, t.bias, t.starts, t.seed, t.result, t.log_sums});
    context->saved_data["heads"] = heads;
    context->saved_data["probability"] = probability;
    return t.result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const AttentionTensors t = {saved[0],
                                saved[1],
                                saved[2],
                                saved[3],
                                saved[4],
                                saved[5],
                                saved[6],
                                saved[7],
                                saved[8],
                                context->saved_data["heads"].toInt(),
                                context->saved_data["probability"].toDouble()};
    const Tensor d_result = packed(gradients[0]), d_query = torch::empty_like(t.query),
                 d_key = torch::empty_like(t.key), d_value = torch::empty_like(t.value),
                 d_distance = floats(t.query, t.distance.sizes()), deltas = torch::empty_like(t.log_sums);
    with_type_of(t.query, [&](auto type) {
      using T = decltype(type);
      const AttentionForward<T> forward = arguments_of<T>(t);
      const Tensor parts = floats(t.query, {distance_part_floats(forward.max_position, forward.width)});
      table_of(context).of<T>().attention_backward(
          {forward, in<T>(d_result), out_of<float>(deltas), out_of<T>(d_query), out_of<T>(d_key),
           out_of<T>(d_value), out_of<float>(parts), out_of<float>(d_distance)},
          index_of_device(t.query));
    });
    return {d_query, d_key, d_value, d_distance, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

DeviceSeed drawn_on_device(double probability, torch::Device device) {
  if (probability <= 0) return {};
  return {probability, torch::randint(std::numeric_limits<std::int64_t>::max(), {1},
                                      torch::TensorOptions(torch::kInt64).device(device))};
}

DeviceSeed seeded(double probability, std::uint64_t seed, torch::Device device) {
  if (probability <= 0) return {};
  return {probability, torch::full({1}, static_cast<std::int64_t>(seed),
                                   torch::TensorOptions(torch::kInt64).device(device))};
}

Tensor device_gelu_product(const KernelTable& kernels, const Tensor& x_NI, const Tensor& bias_I,
                           const Tensor& weight_OI) {
  return DeviceGeluProduct::apply(packed(x_NI), packed(bias_I), weight_OI, kernels);
}

Hidden device_residual_norm(const KernelTable& kernels, const Tensor& x_NH, const Tensor& bias_H,
                            const Tensor& residual_NH, const LayerNorm& norm, double epsilon,
                            const DeviceSeed& dropout) {
  const auto out = DeviceResidualNorm::apply(
      packed(x_NH), packed(bias_H), packed(residual_NH), packed(norm.weight), packed(norm.bias), epsilon,
      dropout.probability, or_nothing(dropout.seed, norm.bias.detach()), kernels);
  return {out.front(), out.back()};
}

Tensor device_attention(const KernelTable& kernels, const Tensor& query_NH, const Tensor& key_NH,
                        const Tensor& value_NH, const Tensor& distance_OD, const Tensor& bias_N,
                        const Sequences& sequences, std::int64_t heads, const DeviceSeed& dropout) {
  return DeviceAttention::apply(packed(query_NH), packed(key_NH), packed(value_NH), packed(distance_OD),
                                packed(or_nothing(bias_N, distance_OD.detach()).to(torch::kFloat32)),
                                sequences.starts_on(query_NH.device()), heads, dropout.probability,
                                or_nothing(dropout.seed, distance_OD.detach()), kernels);
}

}  // namespace mofi
