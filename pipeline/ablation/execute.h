#pragma once
// Doing the runs of a plan: whole runs to ranks, or to groups of ranks, one after the other, beside any
// number of other jobs on the same folder. What it is to do a run is somebody else's (fine_tune_runs.h).

#include <limits>
#include <string>
#include <vector>

#include "ablation/attempt_run.h"
#include "ablation/jobs.h"
#include "ablation/plan.h"

namespace mofi {

struct SweepOptions {
  PlanOptions plan;
  int ranks_per_run = 1;
  int max_failures = 0;            ///< runs that fail before no more are begun; 0: any number
  double run_timeout_minutes = 0;  ///< 0: none
  double lease_s = kLease;         ///< jobs.h
  double heartbeat_s = kHeartbeat;

  double run_timeout_s() const {
    return run_timeout_minutes > 0 ? 60 * run_timeout_minutes : std::numeric_limits<double>::infinity();
  }
};

struct SweepOutcome {
  int done = 0;                     ///< runs that this call finished, on all ranks
  int elsewhere = 0;                ///< runs that other jobs are doing
  int not_begun = 0;                ///< as too many had failed
  std::vector<std::string> failed;  ///< "run id: reason", of all that are neither done nor being done
};

/// Collective over the world's ranks, which must have the same plan. Runs that are done are left alone, runs
/// that other jobs do are left to them unless these die. A run that fails keeps its reason in its folder and
/// stops no other. Throws kStopped, on every rank, when a stop was requested; kMissing when the folder of the
/// results can no longer be written. By `times`, on the first rank, the longest are begun first.
SweepOutcome execute(const World& world, const std::vector<PlannedRun>& plan, const DoRun& do_run,
                     const SweepOptions& options = {}, const MeasuredTimes& times = {});

/// Throws kFailedRuns with the list when there are failed runs.
void require_success(const SweepOutcome& outcome);

/// Begins to count the attempts of failed and given-up runs anew; says which.
std::vector<std::string> retry_failed(const std::vector<PlannedRun>& plan);

}  // namespace mofi
