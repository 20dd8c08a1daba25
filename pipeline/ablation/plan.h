#pragma once
// What a sweep would do, and why: by looking at the run folders that are there.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ablation/attempts.h"
#include "ablation/estimate.h"
#include "ablation/inputs.h"
#include "ablation/ledger.h"
#include "distributed/world.h"

namespace mofi {

using InputDigests = std::map<std::string, std::string>;

struct PlannedRun {
  enum class State {
    kDone,
    kNew,      ///< nothing of it is there
    kResume,   ///< was begun, and stopped by somebody
    kRetry,    ///< failed, and may be tried again
    kStale,    ///< there is a result of the same config, but of other inputs
    kDamaged,  ///< its result cannot be read
    kRunning,  ///< a process is at work on it
    kGivenUp,  ///< failed too often
    kNewer     ///< a newer version of this program made it
  };
  const Cell* cell = nullptr;  ///< null of a run that is known from its folder alone (remembered_plan.h)
  std::string id;
  std::filesystem::path folder;
  int epochs = 0;     ///< that it is to train for; 0: not known
  std::string shape;  ///< of a run without a cell: what shape_of says of it; may be empty
  std::shared_ptr<const InputDigests> inputs;
  State state = State::kNew;
  std::string reason;  ///< in words: "its result is there and verified", "attempt 2 after an error: …"
  int attempts = 0;    ///< the number of the newest attempt that was seen
  bool again = false;  ///< it is done, and to be done once more (--rerun)

  /// Also those that will be tried again.
  bool has_failed() const {
    return state == State::kRetry || state == State::kGivenUp || state == State::kDamaged ||
           state == State::kNewer;
  }
  bool is_done() const { return state == State::kDone && !again; }
  bool is_to_do() const {
    return !is_done() && state != State::kRunning && state != State::kGivenUp && state != State::kNewer;
  }
};

struct PlanOptions {
  int max_attempts = 3;         ///< errors and crashes after which a run is given up; 0: never
  std::set<std::string> rerun;  ///< of code, failed, all: what else makes a run one to be done
};

/// "done", "new", "resume", "retry", "stale input", "damaged", "running", "given up", "newer version".
const char* state_name(PlannedRun::State state);

/// Throws for a cell that cannot work with its inputs, saying where it is asked for: an unknown split, a part
/// without rows, a condition without modes, too few songs for the folds.
void check_cells(const std::vector<Cell>& cells, const InputsOf& inputs);

/// One entry a cell, in order, with its identity and nothing else.
std::vector<PlannedRun> name_runs(const std::vector<Cell>& cells, const InputsOf& inputs,
                                  const std::filesystem::path& results);

/// State and reason of every run from its own folder alone, with or without a cell.
void look_at_folders(std::vector<PlannedRun>& plan, Ledger& ledger, const PlanOptions& options = {});

/// The same, and of new ones whether they were done with other inputs. A run is done when its record and
/// predictions are there, whole, and of this very run.
void look_at_runs(std::vector<PlannedRun>& plan, Ledger& ledger, const PlanOptions& options = {});

/// All of that, for one process, with the ledger of the folder of results, which is saved.
std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const InputsOf& inputs, Ledger& ledger,
                                  const PlanOptions& options = {});

/// The same for all ranks: the first looks, for another job may finish a run while they do. The others ask
/// their ledgers nothing.
std::vector<PlannedRun> plan_runs(const World& world, const std::vector<Cell>& cells, const InputsOf& inputs,
                                  Ledger& ledger, const PlanOptions& options = {});

/// "12 done, 3 new".
std::string count_states(const std::vector<PlannedRun>& plan);

/// What is left to do takes so long, by what was measured.
struct TimeEstimate {
  int runs = 0, measured = 0;   ///< to do, and of these with a measured one of the same shape
  std::vector<double> seconds;  ///< of the measured
};
TimeEstimate estimate(const std::vector<PlannedRun>& plan, const MeasuredTimes& times);
/// "about 3 h 10 min on one rank, 1 h 36 min on 2, 48 min on 4"; empty where nothing was measured.
std::string text_of(const TimeEstimate& estimate);

}  // namespace mofi
