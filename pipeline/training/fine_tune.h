#pragma once
// One run: a classifier fine-tuned (or trained from scratch) on the training part, scored on the parts to be
// evaluated.

#include <filesystem>
#include <functional>

#include "training/evaluate.h"

namespace mofi {

/// What a run reads. The tables must outlive it.
struct RunInputs {
  const TokenTable* tokens = nullptr;
  const ModeTable* modes = nullptr;  ///< may be null when the condition needs none
};

/// Content digests of what decides the result, by name: tokens, mode (where there is one), weights
/// (where given).
std::map<std::string, std::string> input_digests(const RunConfig& config, const RunInputs& inputs);

struct EpochReport {
  int epoch = 0, epochs = 0;  ///< epoch counts from 1
  double loss = 0;            ///< mean over the rows of the epoch
  double learning_rate = 0;   ///< at its last step
  double rows_per_s = 0;
};

struct RunOutcome {
  Classifier model;
  Predictions predictions;  ///< of data.evaluate, by the weights after the last epoch
  Json metrics, history, timing;
};

/// Trains with all ranks of `world` on one run, data-parallel; `report` is called after every epoch on every
/// rank. The result does not depend on the number of ranks but for rounding (dropout draws differ between
/// ranks). Throws kStopped when a stop was requested, kInternal when a gradient, or a logit at the end, is
/// not finite.
RunOutcome fine_tune(const World& world, const RunConfig& config, const RunInputs& inputs,
                     torch::Device device, const std::function<void(const EpochReport&)>& report = nullptr);

}  // namespace mofi
