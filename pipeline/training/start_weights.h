#pragma once
// Weights from a file, and what the file says of itself. That is compared with what a run or an evaluation
// asks for before any tensor is, so that a user reads which model it is instead of a list of shapes.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/classifier.h"
#include "storage/safetensors.h"
#include "tokens/token_table.h"
#include "training/run_config.h"

namespace mofi {

/// A safetensors file of `mofi train`, `mofi import` or anyone else.
struct WeightsFile {
  std::string name;  ///< its path, for messages
  SafeTensorFile file;
  std::optional<RunConfig> config;      ///< of its metadata: what builds the model
  std::optional<BackboneConfig> model;  ///< its sizes, by the config, else by the tensors' shapes
  std::string layout;  ///< "sequence", "token", "masked-LM" or "backbone"; empty where it is no MidiBERT
  std::string scheme;  ///< of the tokens it was trained on; empty where it is not known
  std::vector<std::string> classes;  ///< names, of a classifier that says them
};

/// Throws kMissing or kData where it is no sound safetensors file or its metadata are not as `mofi train`
/// writes them.
WeightsFile read_weights(const std::filesystem::path& path);

/// Throws kData where the weights are for another scheme; `tokens_name` stands for the tokens.
void require_scheme(const WeightsFile& weights, const TokenScheme& scheme, const std::string& tokens_name);

/// Throws kData where the weights are not of a classifier of sequences that says how to build it.
void require_classifier(const WeightsFile& weights);

/// What `mofi train` writes of a model beside its tensors: what read_weights takes from there.
std::map<std::string, std::string> weights_metadata(const RunConfig& config, const TokenTable& tokens);

/// Fills a model from `config.training.weights`: MidiBERT must be there in full, what is not keeps its
/// initial values and is told. Throws kUsage where the file's sizes are not the config's, kData where the
/// tokens or the tensors do not fit.
void load_start_weights(const RunConfig& config, const TokenScheme& scheme, Classifier& model);

}  // namespace mofi
