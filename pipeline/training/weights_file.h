#pragma once
// A file of weights and what it says of itself, which is compared with what a run or an evaluation asks for
// before any tensor is, so that a user reads which model it is instead of a list of shapes.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/safetensors.h"
#include "tokens/token_scheme.h"
#include "training/run_config.h"

namespace mofi {

/// A safetensors file of `mofi train`, `mofi import` or anyone else.
struct WeightsFile {
  std::string name;  ///< its path, for messages
  SafeTensorFile file;
  std::optional<RunConfig> config;          ///< of its metadata: what builds the model
  std::optional<BackboneConfig> model;      ///< its sizes, by the config, else by the tensors' shapes
  std::string attention = "bidirectional";  ///< as MIDI-BERT's own, where a file does not say
  std::string layout;  ///< "sequence", "token", "masked-LM" or "backbone"; empty where it is no MidiBERT
  std::string scheme;  ///< of the tokens it was trained on; empty where it is not known
  std::vector<std::string> classes;  ///< names, of a classifier that says them
};

/// Throws kMissing or kData where it is no sound safetensors file or its metadata are not as `mofi train`
/// writes them.
WeightsFile read_weights(const std::filesystem::path& path);
/// The same but for the bytes of the tensors, which are not read: for plans.
WeightsFile read_weights_header(const std::filesystem::path& path);

/// Why these are no weights for a backbone of the sizes and the attention asked for, and what fits them;
/// empty when they are, or do not say what they are.
std::string size_misfit(const WeightsFile& weights, const BackboneConfig& asked);

/// Why a run of `system` cannot begin from them, whatever their size: they are of another; empty when it can.
std::string system_misfit(const WeightsFile& weights, const std::string& system);

/// Throws kData where the weights are for another scheme; `tokens_name` stands for the tokens.
void require_scheme(const WeightsFile& weights, const TokenScheme& scheme, const std::string& tokens_name);

/// Throws kData where the weights are not of a classifier of sequences that says how to build it.
void require_classifier(const WeightsFile& weights);

/// The headers of the files that many runs begin from, each read once.
class WeightsHeaders {
 public:
  /// Why the run cannot begin from config.training.weights; empty when it can. `scheme` is that of its
  /// tokens, empty where that is not known. Throws as read_weights_header.
  std::string misfit(const RunConfig& config, const std::string& scheme);

 private:
  std::map<std::string, WeightsFile> files_;
};

}  // namespace mofi
