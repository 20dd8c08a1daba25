#pragma once
// One run: a classifier fine-tuned (or trained from scratch) on the training part, scored on the parts to be
// evaluated.

#include <functional>

#include "training/evaluate.h"
#include "training/frozen_states.h"
#include "training/loop.h"
#include "training/run.h"

namespace mofi {

struct RunOutcome : RunResult {
  Classifier model;
};

/// Trains with all ranks of `world` on one run, data-parallel, and goes on from a checkpoint in
/// `keeping.folder` if there is one. The result does not depend on the number of ranks but for rounding
/// (dropout draws differ between ranks). Throws as run_loop does, and kInternal when a logit at the end is
/// not finite. Hidden states of a backbone that stays as it is are taken from `cache`, where there is one.
RunOutcome fine_tune(const World& world, const RunConfig& config, const RunInputs& inputs,
                     torch::Device device, const Keeping& keeping = {},
                     const std::function<void(const LoopReport&)>& report = nullptr,
                     FrozenCache* cache = nullptr);

/// Cross-entropy of the labels of rows of the training part. What it is given must outlive it.
Objective classify_rows(const World& world, const RunConfig& config, const Dataset& dataset,
                        const Classifier& model, torch::Device device);

}  // namespace mofi
