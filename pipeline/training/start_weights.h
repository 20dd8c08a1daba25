#pragma once
// The model that a run asks for; one that begins with the weights of a file; what is written beside weights.

#include <map>
#include <string>

#include "model/classifier.h"
#include "tokens/token_table.h"
#include "training/weights_file.h"

namespace mofi {

/// The model of a run's system, with its initial weights.
Classifier make_model(const RunConfig& config, const TokenScheme& scheme, int classes, torch::Device device);

/// What `mofi train` writes of a model beside its tensors: what read_weights takes from there.
std::map<std::string, std::string> weights_metadata(const RunConfig& config, const TokenTable& tokens);

/// Fills a model from `config.training.weights`: MidiBERT must be there in full, what is not keeps its
/// initial values and is told. Throws kUsage where the file's sizes are not the config's, kData where the
/// tokens or the tensors do not fit.
void load_start_weights(const RunConfig& config, const TokenScheme& scheme, Classifier& model);
/// The same with what the file holds.
void load_start_weights(const WeightsFile& weights, const RunConfig& config, const TokenScheme& scheme,
                        Classifier& model);

}  // namespace mofi
