#include "model/gpu/kernel_choice.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <tuple>

#include "core/error.h"
#include "core/log.h"
#include "model/gpu/attention_tiles.h"
#include "model/gpu/device_layers.h"
#include "model/gpu/norm_kernel.h"
#include "model/gpu/twins.h"

namespace mofi {
namespace {

using torch::Tensor;

enum class Wish { kChecked, kOff, kOn };
Wish wish() {
  const char* text = std::getenv("MOFI_CUDA_KERNELS");
  if (text == nullptr) return Wish::kChecked;
  const std::string name = text;
  if (name != "off" && name != "on")
    fail(ExitCode::kUsage, "MOFI_CUDA_KERNELS is '{}'; expected off or on", name);
  return name == "off" ? Wish::kOff : Wish::kOn;
}

bool fits(DeviceKernel kernel, std::int64_t width) {
  switch (kernel) {
    case DeviceKernel::kBiasGelu:
      return width > 0 && width % 4 == 0;
    case DeviceKernel::kResidualNorm:
      return norm_kernel_fits(width);
    case DeviceKernel::kAttention:
      return attention_kernel_fits(width);
  }
  return false;
}

std::string name_of(DeviceKernel kernel) {
  switch (kernel) {
    case DeviceKernel::kBiasGelu:
      return "bias and GELU";
    case DeviceKernel::kResidualNorm:
      return "residual and LayerNorm";
    case DeviceKernel::kAttention:
      return "relative attention";
  }
  return "";
}

/// Numbers around 0 that no generator has to give up: the runs' own draws stay what they are.
Tensor made_up(at::IntArrayRef sizes, double step, torch::Device device,
               torch::ScalarType type = torch::kFloat32) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  const Tensor x = torch::sin(torch::arange(count, torch::kFloat64) * step + step).view(sizes);
  return x.to(type).to(device).requires_grad_();
}

/// A result and its gradients, by name.
using Numbers = std::vector<std::pair<std::string, Tensor>>;
Numbers with_gradients(const Tensor& result, const std::vector<std::pair<std::string, Tensor>>& leaves) {
  const Tensor upstream = made_up(result.sizes(), 0.73, result.device(), result.scalar_type()).detach();
  Numbers numbers = {{"the result", result.detach()}};
  std::vector<Tensor> inputs;
  for (const auto& leaf : leaves) inputs.push_back(leaf.second);
  const auto gradients = torch::autograd::grad({result}, inputs, {upstream});
  for (std::size_t i = 0; i < leaves.size(); ++i)
    numbers.emplace_back("the gradient of " + leaves[i].first, gradients[i]);
  return numbers;
}

std::string difference(const Numbers& found, const Numbers& expected, double bound) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Tensor a = found[i].second.to(torch::kCPU, torch::kFloat64),
                 b = expected[i].second.to(torch::kCPU, torch::kFloat64);
    const double share = (a - b).norm().item<double>() / (b.norm().item<double>() + 1e-30);
    if (!(share <= bound))
      return fmt::format("{} differs from ATen's by {:.2g} of its size, where rounding explains {:.2g}",
                         found[i].first, share, bound);
  }
  return "";
}

constexpr std::uint64_t kSeed = 20;
constexpr double kProbability = 0.2, kEpsilon = 1e-12;

/// Both sides of a comparison, each from the same leaves.
struct Sides {
  Numbers found, expected;
};

Sides gelu_sides(const KernelTable& kernels, torch::ScalarType type, std::int64_t width,
                 torch::Device device) {
  const Numbers leaves = {{"x", made_up({37, width}, 0.37, device, type)},
                          {"bias", made_up({width}, 0.51, device)},
                          {"weight", made_up({16, width}, 0.29, device)}};
  const auto of = [&](auto layer) {
    return with_gradients(layer(leaves[0].second * 3, leaves[1].second, leaves[2].second), leaves);
  };
  return {of([&](const Tensor& x, const Tensor& bias, const Tensor& weight) {
            return device_gelu_product(kernels, x, bias, weight);
          }),
          of(twin_gelu_product)};
}

Sides norm_sides(const KernelTable& kernels, torch::ScalarType type, std::int64_t width,
                 torch::Device device) {
  const Numbers leaves = {{"x", made_up({37, width}, 0.37, device, type)},
                          {"bias", made_up({width}, 0.51, device)},
                          {"residual", made_up({37, width}, 0.29, device)},
                          {"the norm's weight", made_up({width}, 0.61, device)},
                          {"the norm's bias", made_up({width}, 0.83, device)}};
  const LayerNorm norm = {leaves[3].second, leaves[4].second};
  const Hidden hidden = device_residual_norm(kernels, leaves[0].second, leaves[1].second, leaves[2].second,
                                             norm, kEpsilon, seeded(kProbability, kSeed, device));
  // Both of the results, so that both ways back are taken.
  const auto both = [](const Tensor& a, const Tensor& b) { return a + b.to(torch::kFloat32); };
  const Tensor expected = twin_residual_norm(leaves[0].second, leaves[1].second, leaves[2].second, norm,
                                             kEpsilon, kProbability, kSeed);
  return {with_gradients(both(hidden.exact_NH, hidden.rounded_NH), leaves),
          with_gradients(both(expected, expected), leaves)};
}

Sides attention_sides(const KernelTable& kernels, torch::ScalarType type, std::int64_t width,
                      torch::Device device) {
  constexpr std::int64_t kHeads = 2, kMaxPosition = 160;
  Sequences sequences;
  for (const std::int64_t length : {130, 1, 64}) sequences.add(length);
  const std::int64_t rows = sequences.starts.back() + 5;
  const Numbers leaves = {{"queries", made_up({rows, kHeads * width}, 0.37, device, type)},
                          {"keys", made_up({rows, kHeads * width}, 0.51, device, type)},
                          {"values", made_up({rows, kHeads * width}, 0.29, device, type)},
                          {"relative positions", made_up({2 * kMaxPosition - 1, width}, 0.61, device)}};
  Tensor bias = torch::zeros({rows});
  bias.slice(0, 100, 130).fill_(-10000.0);
  bias = bias.to(device);
  const auto of = [&](auto attend) {
    return with_gradients(attend(leaves[0].second, leaves[1].second, leaves[2].second, leaves[3].second),
                          leaves);
  };
  return {of([&](const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& distance) {
            return device_attention(kernels, query, key, value, distance, bias, sequences, kHeads,
                                    seeded(kProbability, kSeed, device));
          }),
          of([&](const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& distance) {
            return twin_attention(query, key, value, distance, bias, sequences, kHeads, kProbability, kSeed);
          })};
}

/// What became of the comparison of a kernel; "" where it may be used. Made once.
std::string checked(const KernelTable& kernels, DeviceKernel kernel, torch::ScalarType type,
                    std::int64_t width, torch::Device device) {
  static std::mutex mutex;
  static std::map<std::tuple<DeviceKernel, torch::ScalarType, std::int64_t, int>, std::string> found;
  const std::lock_guard lock(mutex);
  const auto key = std::tuple(kernel, type, width, static_cast<int>(device.index()));
  if (const auto known = found.find(key); known != found.end()) return known->second;
  const std::string reason = compare_with_twin(kernels, kernel, type, width, device);
  if (!reason.empty())
    log_warning("the CUDA kernel for {} of width {} in {} is not used on this device: {}", name_of(kernel),
                width, type == torch::kFloat32 ? "float32" : "bfloat16", reason);
  return found[key] = reason;
}

}  // namespace

const KernelTable* kernel_table() {
  const auto handle = c10::Dispatcher::singleton().findSchema({kKernelTableOperator, ""});
  if (!handle) return nullptr;
  return reinterpret_cast<const KernelTable*>(handle->typed<std::int64_t()>().call());
}

std::string compare_with_twin(const KernelTable& kernels, DeviceKernel kernel, torch::ScalarType type,
                              std::int64_t width, torch::Device device) {
  const c10::InferenceMode no_inference(false);
  const torch::AutoGradMode with_gradient(true);
  try {
    const auto sides = [&] {
      switch (kernel) {
        case DeviceKernel::kBiasGelu:
          return gelu_sides(kernels, type, width, device);
        case DeviceKernel::kResidualNorm:
          return norm_sides(kernels, type, width, device);
        case DeviceKernel::kAttention:
          break;
      }
      return attention_sides(kernels, type, width, device);
    }();
    // bfloat16 keeps 8 bits: results, probabilities and gradients of scores are each rounded to 1 / 512.
    return difference(sides.found, sides.expected, type == torch::kFloat32 ? 1e-4 : 2e-2);
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

const KernelTable* kernels_for(DeviceKernel kernel, const Tensor& x, std::int64_t width) {
  if (!x.is_cuda() || (x.scalar_type() != torch::kFloat32 && x.scalar_type() != torch::kBFloat16) ||
      !fits(kernel, width))
    return nullptr;
  static const Wish wished = wish();
  if (wished == Wish::kOff) return nullptr;
  static std::atomic<const KernelTable*> known = nullptr;  // a plug-in is never closed
  if (known == nullptr) known = kernel_table();
  const KernelTable* kernels = known;
  if (kernels == nullptr || wished == Wish::kOn) return kernels;
  return checked(*kernels, kernel, x.scalar_type(), width, x.device()).empty() ? kernels : nullptr;
}

std::vector<KernelState> kernel_states(torch::Device device) {
  const KernelTable* kernels = kernel_table();
  const Wish wished = wish();
  std::vector<KernelState> states;
  for (const auto& [kernel, width] : {std::pair(DeviceKernel::kBiasGelu, 3072),
                                      {DeviceKernel::kResidualNorm, 768},
                                      {DeviceKernel::kAttention, 64}})
    for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
      std::string state = "not built (no nvcc)";
      if (kernels != nullptr && wished == Wish::kOff) state = "off (MOFI_CUDA_KERNELS=off)";
      if (kernels != nullptr && wished == Wish::kOn) state = "used (MOFI_CUDA_KERNELS=on, not compared)";
      if (kernels != nullptr && wished == Wish::kChecked) {
        const std::string reason = checked(*kernels, kernel, type, width, device);
        state = reason.empty() ? "used" : fmt::format("off ({})", reason);
      }
      states.push_back({name_of(kernel) + (type == torch::kFloat32 ? ", float32" : ", bfloat16"), state});
    }
  return states;
}

}  // namespace mofi
