#pragma once
// What is told to the model about a piece, and how: a condition, put into the hidden states at one or several
// sites, or added to the logits. MoFi (arXiv 2512.17946, section "MoFi") tells the mode by FiLM between the
// embedding and the first layer.
//
// Every kind starts as the identity: before the first step the model computes what it computes without it.
//   film         x ← gamma(c) · x + beta(c)   (Perez et al., AAAI 2018)
//   add          x ← x + beta(c)
//   concatenate  x ← W [x; e(c)] + b, written as W_x · x + beta(c): W_x starts as the identity
//   late         logits ← logits + beta(c), the control that asks whether a layer is needed at all

#include <span>
#include <vector>

#include "model/model_config.h"
#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

inline constexpr const char* kInjectionPrefix = "injection.";  ///< of its parameters' names

enum class InjectionKind { kFilm, kAdd, kConcatenate, kLate };

struct SiteInjection {
  int site = 0;                 ///< kBeforeNorm, 0 … L; of kLate without meaning
  std::vector<Linear> network;  ///< condition → … → [gamma - 1, beta] or beta; ReLU between, the last is 0
  torch::Tensor mixing_HH;      ///< W_x of kConcatenate
};

struct Injection {
  InjectionKind kind = InjectionKind::kFilm;
  std::vector<SiteInjection> sites;

  /// Where to put it in; null where nothing is.
  const SiteInjection* at(int site) const;
};

/// Registers injection.<site>.<kind>.0.weight … (site: 0 … L, before_norm, or logits). Of condition none it
/// has no sites. Throws a usage error for a site that the model does not have.
Injection make_injection(ParameterSet& parameters, const InjectionConfig& config,
                         const BackboneConfig& backbone, int classes);

/// Hidden states [words, H] as they leave the site, each word by the condition of its sequence.
/// condition_SK: [sequences, condition width].
torch::Tensor inject(const Injection& injection, const SiteInjection& site, const torch::Tensor& hidden_NH,
                     const Sequences& sequences, const torch::Tensor& condition_SK);

/// Logits [sequences, classes] of kLate, else as they are.
torch::Tensor inject_late(const Injection& injection, const torch::Tensor& logits_SC,
                          const torch::Tensor& condition_SK);

/// How far each site is from the identity: the root mean square, over these conditions [rows, condition
/// width] and all units, of gamma - 1 and beta (of the weights of W_x - I, too). 0 where nothing was learnt.
std::vector<double> distances_from_identity(const Injection& injection, const torch::Tensor& condition_RK);

}  // namespace mofi
