#pragma once
// The learnable tensors of a model, by their published names (those of MIDI-BERT's state_dict, so that files
// exchange with Python). Each tensor is initialised from a random stream of its own, keyed by seed and name:
// two models that differ in one part have equal weights everywhere else.

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/products.h"

namespace mofi {

/// How a new tensor is filled.
struct Initializer {
  enum class Kind { kConstant, kNormal, kUniform, kIdentity };
  Kind kind = Kind::kConstant;
  double value = 0;  ///< the constant, the standard deviation, or the bound of U(-bound, bound)
};
constexpr Initializer constant(double value) { return {Initializer::Kind::kConstant, value}; }
constexpr Initializer normal(double deviation) { return {Initializer::Kind::kNormal, deviation}; }
constexpr Initializer uniform(double bound) { return {Initializer::Kind::kUniform, bound}; }

/// 1 where row and column are equal, else 0.
constexpr Initializer identity() { return {Initializer::Kind::kIdentity, 0}; }

struct NamedTensor {
  std::string name;
  torch::Tensor tensor;
  double rate = 1;  ///< times the learning rate of the others
};

inline std::vector<torch::Tensor> tensors_of(const std::vector<NamedTensor>& named) {
  std::vector<torch::Tensor> tensors;
  for (const NamedTensor& entry : named) tensors.push_back(entry.tensor);
  return tensors;
}

inline std::vector<double> rates_of(const std::vector<NamedTensor>& named) {
  std::vector<double> rates;
  for (const NamedTensor& entry : named) rates.push_back(entry.rate);
  return rates;
}

/// The parameters of one model, in order of registration. Tensors are leaves that require gradients.
class ParameterSet {
 public:
  ParameterSet(std::uint64_t seed, torch::TensorOptions options) : seed_(seed), options_(options) {}

  torch::Tensor add(const std::string& name, torch::IntArrayRef shape, Initializer initializer);
  const std::vector<NamedTensor>& all() const { return all_; }
  /// The tensor of that name. Throws kInternal when there is none.
  torch::Tensor get(std::string_view name) const;
  std::int64_t count() const;

 private:
  std::uint64_t seed_;
  torch::TensorOptions options_;
  std::vector<NamedTensor> all_;
};

/// A fully connected layer, y = x Wᵀ + b; `weight` is (out, in).
struct Linear {
  torch::Tensor weight, bias;
  torch::Tensor operator()(const torch::Tensor& x) const { return affine(x, weight, bias); }
};

/// Registers `name`.weight and `name`.bias, filled as PyTorch's nn.Linear: both U(±1/sqrt(in)).
Linear add_linear(ParameterSet& parameters, const std::string& name, std::int64_t in, std::int64_t out);

}  // namespace mofi
