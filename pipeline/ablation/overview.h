#pragma once
// How far everything under a folder is, at a glance and without any config: sweeps, pre-trainings, single
// runs. Of a sweep's runs it says what `mofi sweep status` says (plan.h, under_way.h).

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// One sweep, pre-training or single run.
struct Overview {
  enum class Kind { kSweep, kPretraining, kRun };
  enum class State {
    kRunning,     ///< somebody is at work on it
    kFailed,      ///< nobody is, and some runs have failed
    kUnfinished,  ///< nobody is, and there is something to do
    kDone
  };
  std::filesystem::path folder;
  Kind kind = Kind::kSweep;
  State state = State::kDone;
  int runs = 0;  ///< that are asked for; where nobody wrote down which, those that have a folder
  int done = 0, running = 0, failed = 0, to_do = 0;
  bool knows_plan = true;          ///< of a sweep: whether somebody wrote down what is asked for
  std::set<std::string> hosts;     ///< that are at work
  std::optional<double> per_hour;  ///< runs that were finished since the jobs at work began
  std::optional<double> left_s;    ///< by that rate, else by what runs of the same shape took
  std::string doing;               ///< of one run that is being done
  std::string first_failure;       ///< "run id: reason"
  std::optional<double>
      silent_s;  ///< since whoever is at work gave a sign of life, by the file system's clock
};

const char* name_of(Overview::Kind kind);    ///< "sweep", "pre-training", "run"
const char* name_of(Overview::State state);  ///< "running", "failed", "unfinished", "done"

/// What is in the folder itself and up to four folders below it, by path. Throws kMissing where there is no
/// such folder.
std::vector<Overview> overviews(const std::filesystem::path& folder);

/// One aligned line each below a line of headings, cut to `columns` (0: never), with colours of the state
/// where `colours`.
std::string overview_text(const std::vector<Overview>& all, int columns, bool colours);

/// For other programs: schema mofi-status/1.
Json to_json(const std::vector<Overview>& all);

}  // namespace mofi
