#pragma once
// What it is to do a run: fine-tuning.

#include "ablation/execute.h"

namespace mofi {

/// Fine-tunes on the device that is this rank's among those of its node, and keeps checkpoints in the run's
/// folder. `world` is all ranks of the job, and must outlive what is made.
DoRun fine_tune_runs(const World& world, InputsOf inputs);

}  // namespace mofi
