#include "model/parameters.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "core/error.h"
#include "core/random.h"

namespace mofi {

torch::Tensor ParameterSet::add(const std::string& name, torch::IntArrayRef shape, Initializer initializer) {
  for (const NamedTensor& existing : all_)
    if (existing.name == name) fail(ExitCode::kInternal, "parameter {} is registered twice", name);
  // Drawn on the CPU in float32 whatever the device and type, so that those play no part in the numbers.
  torch::Tensor values = torch::empty(shape, torch::kFloat32);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(stream_key(seed_, "initialise " + name));
  switch (initializer.kind) {
    case Initializer::Kind::kConstant:
      values.fill_(initializer.value);
      break;
    case Initializer::Kind::kNormal:
      values.normal_(0, initializer.value, generator);
      break;
    case Initializer::Kind::kUniform:
      values.uniform_(-initializer.value, initializer.value, generator);
      break;
    case Initializer::Kind::kIdentity:
      values.copy_(torch::eye(values.size(0), values.size(1)));
      break;
  }
  torch::Tensor parameter = values.to(options_).requires_grad_();
  all_.push_back({name, parameter});
  return parameter;
}

torch::Tensor ParameterSet::get(std::string_view name) const {
  for (const NamedTensor& entry : all_)
    if (entry.name == name) return entry.tensor;
  fail(ExitCode::kInternal, "the model has no parameter {}", name);
}

std::int64_t ParameterSet::count() const {
  std::int64_t total = 0;
  for (const NamedTensor& entry : all_) total += entry.tensor.numel();
  return total;
}

Linear add_linear(ParameterSet& parameters, const std::string& name, std::int64_t in, std::int64_t out) {
  const Initializer fill = uniform(1.0 / std::sqrt(static_cast<double>(in)));
  return {parameters.add(name + ".weight", {out, in}, fill), parameters.add(name + ".bias", {out}, fill)};
}

}  // namespace mofi
