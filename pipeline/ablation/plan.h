#pragma once
// What a sweep would do, and why: by looking at the run folders that are there.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/experiment.h"
#include "report/table.h"
#include "training/fine_tune.h"

namespace mofi {

struct PlannedRun {
  enum class State { kDone, kNew, kUnfinished, kFailed, kDamaged };
  const Cell* cell = nullptr;
  std::string id;
  std::filesystem::path folder;
  State state = State::kNew;
  std::string reason;  ///< in words: "result.json is there and verified", "failed before: …"

  bool is_done() const { return state == State::kDone; }
};

/// One entry a cell, in order. A run is done when its record and predictions are there, whole, and of this
/// very run.
std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const RunInputs& inputs,
                                  const std::filesystem::path& results);

/// "done 12, new 3".
std::string count_states(const std::vector<PlannedRun>& plan);

/// Run, state and reason, a line each.
Table plan_table(const std::vector<PlannedRun>& plan);

}  // namespace mofi
