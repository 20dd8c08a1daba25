#pragma once
// What a run reads, the digests that tell it from others, and what it finds.

#include <map>
#include <string>

#include "features/feature_table.h"
#include "storage/run_record.h"
#include "tokens/token_table.h"
#include "tonality/mode_table.h"
#include "training/run_config.h"
#include "training/weights_file.h"

namespace mofi {

/// What a run reads. The tables must outlive it.
struct RunInputs {
  const TokenTable* tokens = nullptr;
  const ModeTable* modes = nullptr;  ///< may be null when the condition needs none
  /// What training.weights names, where that is read already; null: it is read when it is needed.
  const WeightsFile* weights = nullptr;
  const FeatureTable* features = nullptr;  ///< null where the run needs none
};

/// Content digests of what decides the result, by name: tokens, mode (where there is one), weights
/// and features (where given).
std::map<std::string, std::string> input_digests(const RunConfig& config, const RunInputs& inputs);

/// What is kept of a run that is done.
struct RunResult {
  Predictions predictions;  ///< of data.evaluate, by the weights that training.select chose
  Json metrics, history, timing;
};

}  // namespace mofi
