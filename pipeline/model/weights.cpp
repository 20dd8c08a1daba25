#include "model/weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "core/aligned.h"
#include "core/error.h"
#include "core/utf8.h"

namespace mofi {
namespace {

constexpr std::string_view kParallelPrefix = "module.";

const char* dtype_name(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat64:
      return "F64";
    case torch::kFloat32:
      return "F32";
    default:
      fail(ExitCode::kInternal, "weights of type {} cannot be saved", torch::toString(type));
  }
}

/// The type that a file's name stands for; nothing for one that is not of floating-point numbers.
std::optional<torch::ScalarType> floating_type(std::string_view dtype) {
  if (dtype == "F64") return torch::kFloat64;
  if (dtype == "F32") return torch::kFloat32;
  if (dtype == "BF16") return torch::kBFloat16;
  if (dtype == "F16") return torch::kFloat16;
  return std::nullopt;
}

std::string shape_text(torch::IntArrayRef shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string text_of(const SafeTensor& tensor) {
  return fmt::format("{} {} {}", printable(tensor.name), shape_text(tensor.shape), tensor.dtype);
}

/// Which parameter each tensor of a file fills, and all that does not fit.
struct Matching {
  std::vector<std::pair<const NamedTensor*, const SafeTensor*>> pairs;
  std::vector<std::string> missing, unexpected, problems;
};

Matching match(const SafeTensorFile& file, const ParameterSet& parameters, std::string_view needed) {
  std::map<std::string_view, const NamedTensor*> by_name;
  for (const NamedTensor& entry : parameters.all()) by_name.emplace(entry.name, &entry);
  const auto find = [&](std::string_view name) -> const NamedTensor* {
    if (name.starts_with(kParallelPrefix)) name.remove_prefix(kParallelPrefix.size());
    auto found = by_name.find(name);
    if (found == by_name.end()) found = by_name.find(std::string(kBackbonePrefix).append(name));
    return found == by_name.end() ? nullptr : found->second;
  };
  Matching matching;
  std::map<const NamedTensor*, const SafeTensor*> filled;
  for (const SafeTensor& source : file.tensors) {
    const NamedTensor* target = find(source.name);
    if (target == nullptr) {
      matching.unexpected.push_back(text_of(source));
      continue;
    }
    if (const auto [found, is_new] = filled.emplace(target, &source); !is_new) {
      matching.problems.push_back(fmt::format("twice: {} is {} and {}", target->name,
                                              printable(found->second->name), printable(source.name)));
      continue;
    }
    if (target->tensor.sizes() != torch::IntArrayRef(source.shape))
      matching.problems.push_back(fmt::format("of a wrong shape: {}; the model's is {}", text_of(source),
                                              shape_text(target->tensor.sizes())));
    if (!floating_type(source.dtype))
      matching.problems.push_back(
          fmt::format("of a wrong type: {}; expected floating-point numbers", text_of(source)));
    matching.pairs.emplace_back(target, &source);
  }
  for (const NamedTensor& entry : parameters.all()) {
    if (filled.contains(&entry)) continue;
    const std::string line = fmt::format("{} {}", entry.name, shape_text(entry.tensor.sizes()));
    if (entry.name.starts_with(needed))
      matching.problems.push_back("missing: " + line);
    else
      matching.missing.push_back(line);
  }
  return matching;
}

/// 0 for what comes first.
int place_in_forward_pass(std::string_view name) {
  if (name.starts_with("injection.")) return 0;
  if (!name.starts_with(kBackbonePrefix)) return 2;
  name.remove_prefix(kBackbonePrefix.size());
  return name.starts_with("bert.") ? 2 : 1;
}

}  // namespace

std::vector<torch::Tensor> in_forward_order(const std::vector<NamedTensor>& parameters) {
  std::vector<NamedTensor> ordered = parameters;
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return place_in_forward_pass(a.name) < place_in_forward_pass(b.name);
  });
  return tensors_of(ordered);
}

void save_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& named,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<torch::Tensor> alive;
  std::vector<SafeTensor> tensors;
  for (const NamedTensor& entry : named) {
    alive.push_back(entry.tensor.detach().cpu().contiguous());
    const torch::Tensor& tensor = alive.back();
    tensors.push_back({entry.name,
                       dtype_name(tensor.scalar_type()),
                       tensor.sizes().vec(),
                       {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}});
  }
  write_safetensors(path, tensors, metadata);
}

LoadReport load_weights(const SafeTensorFile& file, const std::string& name, ParameterSet& parameters,
                        std::string_view needed) {
  Matching matching = match(file, parameters, needed);
  if (!matching.problems.empty()) {
    const std::size_t count = matching.problems.size();
    // Tensors that nothing takes are often the other halves of what is missing.
    for (const std::string& line : matching.unexpected) matching.problems.push_back("not expected: " + line);
    fail(ExitCode::kData, "{}: {} not fit the model; nothing was loaded:\n  {}", name,
         count == 1 ? "1 thing does" : thousands(count) + " things do", fmt::join(matching.problems, "\n  "));
  }
  const torch::NoGradGuard no_grad;
  for (auto& [target, source] : matching.pairs) {
    torch::Tensor values = torch::empty(source->shape, *floating_type(source->dtype));
    if (!source->bytes.empty()) std::memcpy(values.data_ptr(), source->bytes.data(), source->bytes.size());
    target->tensor.copy_(values);
  }
  return {std::move(matching.missing), std::move(matching.unexpected)};
}

LoadReport load_weights(const std::filesystem::path& path, ParameterSet& parameters,
                        std::string_view needed) {
  return load_weights(read_safetensors(path), path.string(), parameters, needed);
}

}  // namespace mofi
