#include "model/weights.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "storage/safetensors.h"

namespace mofi {
namespace {

constexpr std::string_view kBackbonePrefix = "midibert.";

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

torch::ScalarType scalar_type(const std::string& file, const SafeTensor& tensor) {
  if (tensor.dtype == "F64") return torch::kFloat64;
  if (tensor.dtype == "F32") return torch::kFloat32;
  if (tensor.dtype == "BF16") return torch::kBFloat16;
  if (tensor.dtype == "F16") return torch::kFloat16;
  fail(ExitCode::kData, "{}: tensor {} is of type {}; weights must be floating-point", file, tensor.name,
       tensor.dtype);
}

}  // namespace

void save_weights(const std::filesystem::path& path, const ParameterSet& parameters,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<torch::Tensor> alive;
  std::vector<SafeTensor> tensors;
  for (const NamedTensor& entry : parameters.all()) {
    alive.push_back(entry.tensor.detach().cpu().contiguous());
    const torch::Tensor& tensor = alive.back();
    tensors.push_back({entry.name,
                       dtype_name(tensor.scalar_type()),
                       tensor.sizes().vec(),
                       {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}});
  }
  write_safetensors(path, tensors, metadata);
}

LoadReport load_weights(const std::filesystem::path& path, ParameterSet& parameters) {
  const SafeTensorFile file = read_safetensors(path);
  LoadReport report;
  std::vector<std::pair<torch::Tensor, const SafeTensor*>> copies;
  std::vector<const NamedTensor*> filled;
  for (const SafeTensor& source : file.tensors) {
    const auto& all = parameters.all();
    const auto target = std::find_if(all.begin(), all.end(), [&](const NamedTensor& entry) {
      return entry.name == source.name || entry.name == std::string(kBackbonePrefix) + source.name;
    });
    if (target == all.end()) {
      report.unexpected.push_back(source.name);
      continue;
    }
    scalar_type(path.string(), source);
    if (target->tensor.sizes() != torch::IntArrayRef(source.shape))
      fail(ExitCode::kData, "{}: tensor {} has shape {}; the model's is {}", path.string(), source.name,
           c10::str(torch::IntArrayRef(source.shape)), c10::str(target->tensor.sizes()));
    copies.emplace_back(target->tensor, &source);
    filled.push_back(&*target);
  }
  for (const NamedTensor& entry : parameters.all())
    if (std::find(filled.begin(), filled.end(), &entry) == filled.end()) report.missing.push_back(entry.name);

  const torch::NoGradGuard no_grad;
  for (auto& [target, source] : copies) {
    torch::Tensor values = torch::empty(source->shape, scalar_type(path.string(), *source));
    if (!source->bytes.empty()) std::memcpy(values.data_ptr(), source->bytes.data(), source->bytes.size());
    target.copy_(values);
  }
  return report;
}

std::map<std::string, std::string> weights_metadata(const std::filesystem::path& path) {
  return read_safetensors(path).metadata;
}

}  // namespace mofi
