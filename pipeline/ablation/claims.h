#pragma once
// Which process does a run: exactly one of all jobs on a results folder, and another one where that one is
// dead.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/attempts.h"
#include "ablation/jobs.h"
#include "ablation/plan.h"

namespace mofi {

struct Claim {
  enum class Kind {
    kOurs,    ///< as attempt `attempt`
    kTaken,   ///< another process is at work on it, as far as is known
    kDone,    ///< somebody has done it since the plan was made
    kFailed,  ///< somebody has tried it since then, and it failed; or it is given up by now
    kNewer    ///< a newer version of this program is at work on it
  };
  Kind kind = Kind::kOurs;
  int attempt = 0;
  std::string text;  ///< whose it is, or how it failed
};

/// Tries to make the run this process's own, for a group with these other ranks. Reads the folder anew: the
/// plan may be hours old.
Claim claim_run(const PlannedRun& run, LifeWatch& watch, const PlanOptions& options,
                const std::vector<ProcessId>& others = {});

}  // namespace mofi
