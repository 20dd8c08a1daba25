#pragma once
// Weights to and from safetensors files, under MIDI-BERT's own parameter names.

#include <filesystem>
#include <map>
#include <string>

#include "model/parameters.h"

namespace mofi {

void save_weights(const std::filesystem::path& path, const ParameterSet& parameters,
                  const std::map<std::string, std::string>& metadata);

/// What a file gave to a model.
struct LoadReport {
  std::vector<std::string> missing;     ///< parameters that the file does not have; they keep their values
  std::vector<std::string> unexpected;  ///< tensors that the model does not have
};

/// Copies by name. A name without the prefix "midibert." also matches ("bert.…", as in pre-training
/// checkpoints). Throws kData, before anything is changed, when a shape or type does not fit.
LoadReport load_weights(const std::filesystem::path& path, ParameterSet& parameters);

/// Metadata of a weights file (the resolved config of the run that made it).
std::map<std::string, std::string> weights_metadata(const std::filesystem::path& path);

}  // namespace mofi
