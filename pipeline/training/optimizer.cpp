#include "training/optimizer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "core/error.h"

namespace mofi {
namespace {

using torch::Tensor;

/// A step at which any beta^step is 0, so that the fused kernel corrects no bias.
constexpr double kCorrectsNothing = 1e15;

/// What changes from step to step. late_decay: taken from the updated parameter.
struct StepNumbers {
  double step, rate, late_decay;
};
StepNumbers step_numbers(const AdamWRule& rule, double learning_rate, double decay, double t) {
  if (rule.kind == AdamWRule::Kind::kTorch) return {t, learning_rate, 0};
  return {kCorrectsNothing,
          learning_rate * std::sqrt(1 - std::pow(rule.beta2, t)) / (1 - std::pow(rule.beta1, t)),
          learning_rate * decay};
}
/// Taken from the parameter before.
double early_decay(const AdamWRule& rule, double decay) {
  return rule.kind == AdamWRule::Kind::kTorch ? decay : 0;
}

/// torch's step of `group`, by the kernel whose step number decides the corrections of bias.
void fused_step(const AdamWGroup& group, double step, double rate, double decay, const AdamWRule& rule) {
  const Tensor number = torch::full({}, step, group.parameters.front().options().dtype(torch::kFloat32));
  const std::vector<Tensor> numbers(group.parameters.size(), number);
  at::_fused_adamw_(group.parameters, group.gradients, group.first_moments, group.second_moments, {}, numbers,
                    rate, rule.beta1, rule.beta2, decay, rule.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace

double learning_rate_at(const LoopConfig& config, std::int64_t step, std::int64_t steps) {
  const double warmup_steps = config.warmup * static_cast<double>(steps);
  const auto done = static_cast<double>(step + 1);
  if (done < warmup_steps) return config.learning_rate * done / warmup_steps;
  if (config.schedule == "constant") return config.learning_rate;
  const double left = std::min(
      1.0, static_cast<double>(steps - step) / std::max(1.0, static_cast<double>(steps) - warmup_steps));
  if (config.schedule == "cosine") return config.learning_rate * (1 - std::cos(std::numbers::pi * left)) / 2;
  return config.learning_rate * left;
}

AdamWRule adamw_rule(const LoopConfig& config) {
  const auto kind = config.optimizer == "adamw_hf" ? AdamWRule::Kind::kHuggingFace : AdamWRule::Kind::kTorch;
  return {kind, config.beta1, config.beta2, config.epsilon};
}

AdamW::AdamW(std::vector<Tensor> parameters, double weight_decay, AdamWRule rule, std::vector<double> rates)
    : parameters_(std::move(parameters)),
      rates_(std::move(rates)),
      state_{{}, {}, std::vector<std::int64_t>(parameters_.size(), 0)},
      weight_decay_(weight_decay),
      rule_(rule) {
  if (rates_.empty()) rates_.assign(parameters_.size(), 1);
  for (const Tensor& parameter : parameters_) {
    state_.first_moments.push_back(torch::zeros_like(parameter));
    state_.second_moments.push_back(torch::zeros_like(parameter));
  }
}

void AdamW::add_to(AdamWGroup& group, std::size_t i) const {
  group.parameters.push_back(parameters_[i]);
  group.gradients.push_back(parameters_[i].grad());
  group.first_moments.push_back(state_.first_moments[i]);
  group.second_moments.push_back(state_.second_moments[i]);
}

std::vector<Tensor> AdamW::gradients() const {
  std::vector<Tensor> found;
  for (const Tensor& parameter : parameters_)
    if (parameter.grad().defined()) found.push_back(parameter.grad());
  return found;
}

void AdamW::zero_gradients() {
  const torch::NoGradGuard no_grad;
  const auto all = gradients();
  if (!all.empty()) at::_foreach_zero_(all);
}

Tensor AdamW::clip(double largest) {
  const torch::NoGradGuard no_grad;
  const auto all = gradients();
  if (all.empty()) return torch::zeros({});
  const Tensor norm = torch::stack(at::_foreach_norm(all, 2)).norm();
  if (largest <= 0) return norm;
  if (norm.is_cpu()) {
    const double factor = largest / (norm.item<double>() + 1e-6);
    if (factor < 1) at::_foreach_mul_(all, factor);
  } else {
    at::_foreach_mul_(all, (largest / (norm + 1e-6)).clamp_max(1));
  }
  return norm;
}

Tensor AdamW::tell_step(double learning_rate) {
  std::int64_t step = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].grad().defined()) continue;
    if (step != 0 && step != state_.steps[i] + 1)
      fail(ExitCode::kInternal, "parameters that are told of one step have taken {} and {}", step - 1,
           state_.steps[i]);
    step = ++state_.steps[i];
  }
  const StepNumbers numbers = step_numbers(rule_, learning_rate, weight_decay_, static_cast<double>(step));
  return torch::tensor({numbers.step, numbers.rate, -numbers.late_decay}, torch::kFloat64);
}

void AdamW::take_told_step(const Tensor& told) {
  const torch::NoGradGuard no_grad;
  std::map<double, AdamWGroup> groups;  // by rate
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].grad().defined()) add_to(groups[rates_[i]], i);
  for (const auto& [times, group] : groups) {
    const Tensor floats = told.to(torch::kFloat32);
    const std::vector<Tensor> numbers(group.parameters.size(), floats.select(0, 0));
    at::_fused_adamw_(group.parameters, group.gradients, group.first_moments, group.second_moments, {},
                      numbers, floats.select(0, 1) * times, rule_.beta1, rule_.beta2,
                      early_decay(rule_, weight_decay_), rule_.epsilon, /*amsgrad=*/false,
                      /*maximize=*/false);
    if (rule_.kind == AdamWRule::Kind::kHuggingFace && weight_decay_ > 0)
      at::_foreach_add_(group.parameters, at::_foreach_mul(group.parameters, floats.select(0, 2) * times));
  }
}

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  // By number of steps and rate: one group where every parameter has a gradient and no rate of its own.
  std::map<std::pair<std::int64_t, double>, AdamWGroup> groups;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].grad().defined()) add_to(groups[{++state_.steps[i], rates_[i]}], i);
  for (const auto& [key, group] : groups) {
    const StepNumbers numbers =
        step_numbers(rule_, learning_rate * key.second, weight_decay_, static_cast<double>(key.first));
    fused_step(group, numbers.step, numbers.rate, early_decay(rule_, weight_decay_), rule_);
    // p + alpha·p rounds once; p · (1 - rate·decay) would first round the factor, which in float32 lies
    // within a few steps of 1 and would lose a tenth of the decay at MIDI-BERT's rate.
    if (numbers.late_decay > 0) at::_foreach_add_(group.parameters, group.parameters, -numbers.late_decay);
  }
}

}  // namespace mofi
