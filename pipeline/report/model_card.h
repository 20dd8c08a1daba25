#pragma once
// The page that goes with the weights of a run on a model hub: README.md with front matter whose
// `model-index` has the run's scores, as huggingface_hub reads it.

#include <filesystem>
#include <string>

#include "statistics/bootstrap.h"

namespace mofi {

struct ModelCardOptions {
  std::string name;     ///< of the model; empty: the run's id
  std::string license;  ///< of the weights, as hubs call it, such as mit; empty: not said
  BootstrapOptions bootstrap;
};

/// Of a finished run, from its result.json and predictions.h5 alone. Scores are of whole pieces, as those of
/// `mofi aggregate` are, with the interval for other songs: one run knows nothing of other seeds.
std::string model_card(const std::filesystem::path& run_folder, const ModelCardOptions& options);

}  // namespace mofi
