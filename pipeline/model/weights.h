#pragma once
// Weights to and from safetensors files, under MIDI-BERT's own parameter names.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "model/parameters.h"
#include "storage/safetensors.h"

namespace mofi {

/// What the names of the backbone's parameters begin with.
inline constexpr std::string_view kBackbonePrefix = "midibert.";

/// In about the order in which a forward pass meets them, which is the opposite of that in which gradients
/// become ready; published names have the input layer behind the encoder. What is injected comes first,
/// although it may act late: nobody then waits for it.
std::vector<torch::Tensor> in_forward_order(const std::vector<NamedTensor>& parameters);

void save_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                  const std::map<std::string, std::string>& metadata);
inline void save_weights(const std::filesystem::path& path, const ParameterSet& parameters,
                         const std::map<std::string, std::string>& metadata) {
  save_tensors(path, parameters.all(), metadata);
}

/// What a file gave to a model; each line a name, a shape and, of the file's, a type.
struct LoadReport {
  std::vector<std::string> missing;     ///< parameters that the file does not have; they keep their values
  std::vector<std::string> unexpected;  ///< tensors that the model does not have
};

/// Copies by name. A name without the prefix "midibert." also matches ("bert.…", as in pre-training
/// checkpoints), and one with the prefix "module." (DataParallel's). Parameters whose names begin with
/// `needed` must all be there; by default, that is every one. Throws kData, before anything is changed, with
/// a line for everything that does not fit: needed and missing, of a wrong shape or type, there twice.
/// `name` stands for the file.
LoadReport load_weights(const SafeTensorFile& file, const std::string& name, ParameterSet& parameters,
                        std::string_view needed = "");
LoadReport load_weights(const std::filesystem::path& path, ParameterSet& parameters,
                        std::string_view needed = "");

}  // namespace mofi
