#pragma once
// What it is to do a run, whatever recognises in it: neural or classical.

#include "ablation/execute.h"

namespace mofi {

/// As fine_tune_runs and classical_runs. `world` is all ranks of the job, and must outlive what is made.
DoRun runs_of_systems(const World& world, const InputsOf& inputs);

}  // namespace mofi
