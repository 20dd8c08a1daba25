#pragma once
// One attempt at one run, by the ranks that do it together: its result, or how else it ended.

#include <functional>
#include <string>
#include <vector>

#include "ablation/attempts.h"
#include "ablation/plan.h"
#include "distributed/world.h"
#include "training/run.h"

namespace mofi {

/// Does one run with all of these ranks, going on from what an earlier attempt left in its folder. After
/// `timeout_s` it keeps a checkpoint and throws kStopped, as after a signal to stop.
using DoRun = std::function<RunResult(const World& ranks, const PlannedRun& run, double timeout_s)>;

/// The ranks that do a run together: so many, which divides the number of the world's ranks. Making one is
/// collective over the world.
struct Group {
  Group(const World& world, int ranks_per_run);

  World ranks;
  World
      control;  ///< the same ranks once more, so that what the executor says never meets what a training says
  std::vector<ProcessId> others;  ///< all but the first

  bool is_first() const { return control.is_root(); }
};

struct Attempted {
  AttemptEnd end;
  std::string scores;  ///< "accuracy test 0.571", of a run that is done
};

/// Collective over the group, whose first rank has claimed the run as attempt `number`. Leaves the result, or
/// how else it ended, in the run's folder. A run that fails throws nothing; kInternal, where a rank of
/// several fails and the others cannot be told.
Attempted attempt_run(const Group& group, const PlannedRun& run, int number, const DoRun& do_run,
                      double timeout_s);

}  // namespace mofi
