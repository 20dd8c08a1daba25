#pragma once
// What a sweep would do, and why: by looking at the run folders that are there.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/inputs.h"
#include "distributed/world.h"

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

/// Throws for a cell that cannot work with these inputs, saying where it is asked for: an unknown split, a
/// part without rows, a condition without modes, too few songs for the folds.
void check_cells(const std::vector<Cell>& cells, const InputsOf& inputs);

/// One entry a cell, in order. A run is done when its record and predictions are there, whole, and of this
/// very run.
std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const InputsOf& inputs,
                                  const std::filesystem::path& results);

/// "done", "new", "unfinished", "failed" or "damaged".
const char* state_name(PlannedRun::State state);

/// Gives every rank root's view of what is done: another job may have finished a run while they looked.
void agree_on_states(const World& world, std::vector<PlannedRun>& plan);

/// "12 done, 3 new".
std::string count_states(const std::vector<PlannedRun>& plan);

}  // namespace mofi
