#include "model/dropout.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <limits>

#include "model/row_kernels.h"
#include "model/threads.h"

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor dropped_rows(const Tensor& x, double probability, std::uint64_t seed) {
  const Tensor in = x.contiguous();
  Tensor out = torch::empty_like(in);
  const std::int64_t width = in.size(-1), rows = in.numel() / width;
  at::parallel_for(0, rows, 64, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row)
      drop_row(in.const_data_ptr<float>() + row * width, dropout_of_row(probability, seed, row),
               static_cast<std::size_t>(width), out.data_ptr<float>() + row * width);
  });
  return out;
}

struct Dropout : torch::autograd::Function<Dropout> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double probability, std::int64_t seed) {
    context->saved_data["probability"] = probability;
    context->saved_data["seed"] = seed;
    return dropped_rows(x, probability, static_cast<std::uint64_t>(seed));
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {dropped_rows(gradients[0], context->saved_data["probability"].toDouble(),
                         static_cast<std::uint64_t>(context->saved_data["seed"].toInt())),
            {},
            {}};
  }
};

}  // namespace

std::uint64_t drawn_seed() {
  return static_cast<std::uint64_t>(
      torch::randint(std::numeric_limits<std::int64_t>::max(), {1}, torch::kInt64).item<std::int64_t>());
}

Tensor dropout(const Tensor& x, double probability) {
  if (probability <= 0 || x.numel() == 0) return x;
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat32) return torch::dropout(x, probability, true);
  return Dropout::apply(x, probability, static_cast<std::int64_t>(drawn_seed()));
}

}  // namespace mofi
