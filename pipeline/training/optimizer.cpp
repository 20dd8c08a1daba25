#include "training/optimizer.h"

#include <torch/torch.h>

#include <algorithm>

namespace mofi {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

double learning_rate_at(const TrainingConfig& config, std::int64_t step, std::int64_t steps) {
  const double warmup_steps = config.warmup * static_cast<double>(steps);
  const auto done = static_cast<double>(step + 1);
  if (done < warmup_steps) return config.learning_rate * done / warmup_steps;
  if (config.schedule == "constant") return config.learning_rate;
  const double left =
      static_cast<double>(steps - step) / std::max(1.0, static_cast<double>(steps) - warmup_steps);
  return config.learning_rate * std::min(1.0, left);
}

AdamW::AdamW(std::vector<torch::Tensor> parameters, double weight_decay)
    : parameters_(std::move(parameters)), weight_decay_(weight_decay) {
  for (const torch::Tensor& parameter : parameters_) {
    first_moments_.push_back(torch::zeros_like(parameter));
    second_moments_.push_back(torch::zeros_like(parameter));
    steps_.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32).requires_grad(false)));
  }
}

std::vector<torch::Tensor> AdamW::gradients() const {
  std::vector<torch::Tensor> found;
  for (const torch::Tensor& parameter : parameters_) found.push_back(parameter.grad());
  return found;
}

void AdamW::zero_gradients() {
  for (const torch::Tensor& parameter : parameters_)
    if (parameter.grad().defined()) parameter.grad().zero_();
}

double AdamW::clip(double largest) {
  const torch::NoGradGuard no_grad;
  const auto all = gradients();
  const double norm = torch::stack(at::_foreach_norm(all, 2)).norm().item<double>();
  if (largest > 0 && norm > largest) at::_foreach_mul_(all, largest / (norm + 1e-6));
  return norm;
}

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  at::_foreach_add_(steps_, 1);
  at::_fused_adamw_(parameters_, gradients(), first_moments_, second_moments_, {}, steps_, learning_rate,
                    kBeta1, kBeta2, weight_decay_, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace mofi
