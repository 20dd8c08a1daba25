#include "model/injection.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"

namespace mofi {
namespace {

using torch::Tensor;

InjectionKind kind_of(const std::string& name) {
  if (name == "add") return InjectionKind::kAdd;
  if (name == "concatenate") return InjectionKind::kConcatenate;
  if (name == "late") return InjectionKind::kLate;
  return InjectionKind::kFilm;
}

std::string name_of(int site) { return site == kBeforeNorm ? "before_norm" : std::to_string(site); }

/// condition → hidden → out; `hidden` of 0 makes a single layer.
std::vector<Linear> add_network(ParameterSet& parameters, const std::string& prefix, std::int64_t condition,
                                std::int64_t hidden, std::int64_t out) {
  std::vector<Linear> network;
  if (hidden > 0) network.push_back(add_linear(parameters, prefix + "0", condition, hidden));
  const std::string last = prefix + std::to_string(network.size());
  network.push_back({parameters.add(last + ".weight", {out, hidden > 0 ? hidden : condition}, constant(0)),
                     parameters.add(last + ".bias", {out}, constant(0))});
  return network;
}

Tensor compute(const std::vector<Linear>& network, const Tensor& condition) {
  Tensor x = condition;
  for (std::size_t i = 0; i < network.size(); ++i) x = network[i](i == 0 ? x : torch::relu(x));
  return x;
}

double mean_square(const Tensor& x) { return x.to(torch::kFloat64).square().mean().item<double>(); }

}  // namespace

const SiteInjection* Injection::at(int site) const {
  if (kind == InjectionKind::kLate) return nullptr;
  for (const SiteInjection& one : sites)
    if (one.site == site) return &one;
  return nullptr;
}

Injection make_injection(ParameterSet& parameters, const InjectionConfig& config,
                         const BackboneConfig& backbone, int classes) {
  Injection injection;
  if (config.condition == "none") return injection;
  injection.kind = kind_of(config.by);
  const std::int64_t width = condition_width(config, classes);
  if (injection.kind == InjectionKind::kLate) {
    injection.sites.push_back(
        {0, add_network(parameters, "injection.logits.", width, config.film_hidden, classes), {}});
    return injection;
  }
  for (const int site : injection_sites(config, backbone.layers)) {
    const std::string prefix = fmt::format("injection.{}.{}.", name_of(site), config.by);
    const std::int64_t out = injection.kind == InjectionKind::kFilm ? 2 * backbone.hidden : backbone.hidden;
    SiteInjection one{site, add_network(parameters, prefix, width, config.film_hidden, out), {}};
    if (injection.kind == InjectionKind::kConcatenate)
      one.mixing_HH =
          parameters.add(prefix + "mixing.weight", {backbone.hidden, backbone.hidden}, identity());
    injection.sites.push_back(std::move(one));
  }
  return injection;
}

Tensor inject(const Injection& injection, const SiteInjection& site, const Tensor& hidden_NH,
              const Sequences& sequences, const Tensor& condition_SK) {
  const Tensor told_SO = compute(site.network, condition_SK);
  const Tensor sequence_N = sequences.sequences_of_rows(hidden_NH.size(0), hidden_NH.device());
  // A look-up, whose way back sums over the words of a sequence.
  const auto of_words = [&](const Tensor& of_sequences) {
    return torch::embedding(of_sequences, sequence_N);
  };
  if (injection.kind == InjectionKind::kFilm) {
    const auto parts = told_SO.chunk(2, -1);
    return hidden_NH * of_words(1 + parts[0]) + of_words(parts[1]);
  }
  if (injection.kind == InjectionKind::kConcatenate)
    return affine(hidden_NH, site.mixing_HH, {}) + of_words(told_SO);
  return hidden_NH + of_words(told_SO);
}

Tensor inject_late(const Injection& injection, const Tensor& logits_SC, const Tensor& condition_SK) {
  if (injection.kind != InjectionKind::kLate) return logits_SC;
  return logits_SC + compute(injection.sites.front().network, condition_SK);
}

std::vector<double> distances_from_identity(const Injection& injection, const Tensor& condition_RK) {
  const torch::NoGradGuard no_grad;
  std::vector<double> distances;
  for (const SiteInjection& site : injection.sites) {
    double square = mean_square(compute(site.network, condition_RK));
    if (site.mixing_HH.defined())
      square += mean_square(site.mixing_HH - torch::eye(site.mixing_HH.size(0), site.mixing_HH.options()));
    distances.push_back(std::sqrt(square));
  }
  return distances;
}

}  // namespace mofi
