#pragma once
// Doing the runs of a plan: whole runs to ranks, one after the other.

#include "ablation/plan.h"

namespace mofi {

struct SweepOutcome {
  int done = 0;                     ///< runs that this call finished, on all ranks
  std::vector<std::string> failed;  ///< "run id: reason", on all ranks
};

/// Collective over the world's ranks, which must have the same plan. Runs that are done are left alone. A run
/// that fails keeps its reason in its folder and stops no other. Throws kStopped, on every rank, when a stop
/// was requested.
SweepOutcome execute(const World& world, const std::vector<PlannedRun>& plan, const InputsOf& inputs);

/// Throws kFailedRuns with the list when there are failed runs.
void require_success(const SweepOutcome& outcome);

}  // namespace mofi
