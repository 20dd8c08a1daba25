#pragma once
// Who is at work on a run, and how far that is: for people who look at a sweep.

#include <filesystem>
#include <string>

#include "ablation/plan.h"

namespace mofi {

struct UnderWay {
  Attempt attempt;    ///< the newest
  std::string doing;  ///< "step 120", as the process last said
  std::string epoch;  ///< "2 of 10", of the newest checkpoint

  /// "step 120, epoch 2 of 10 kept", as far as it is known.
  std::string text() const;
};

/// Of a process that is known to be at work on it.
UnderWay under_way(const PlannedRun& run, const std::filesystem::path& results, const ProcessId& process);
/// Of the process of its newest attempt.
UnderWay under_way(const PlannedRun& run, const std::filesystem::path& results);

}  // namespace mofi
