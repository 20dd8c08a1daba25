#pragma once
// Slurm's own programs, called so that a busy controller is waited for and nothing is done twice.

#include <optional>
#include <string>
#include <vector>

#include "core/run_process.h"

namespace mofi {

/// How long a call of a Slurm program may take, and how often it is made again when it fails for a reason
/// that passes.
struct Patience {
  int attempts = 8;
  double first_pause_s = 1;  ///< doubled after every attempt, up to longest_pause_s
  double longest_pause_s = 30;
  double time_limit_s = 60;  ///< of one call
};

/// Whether a failure is one that passes: the controller did not answer, was busy, or is being restarted.
bool is_transient(const ProcessResult& result);

/// What the program prints. Failures that pass are waited for; throws kMissing with Slurm's own words for the
/// others, and when patience is over.
std::string call_slurm(const std::vector<std::string>& arguments, const Patience& patience);

/// Ids of this user's jobs with that name, in any state, the oldest first; an array has one. Asks the
/// controller and, as it forgets jobs minutes after their end, the site's accounting where there is one.
std::vector<std::string> jobs_named(const std::string& name, const Patience& patience);

/// Submits the script and returns the job's id. No job is ever submitted twice: after any doubt its name,
/// which no other job has, is looked up before the next attempt, and where two have come of it, all but the
/// first are cancelled.
std::string submit_once(const std::string& script, const std::string& name, const Patience& patience);

/// MaxArraySize of the site, or nothing where no Slurm answers.
std::optional<std::size_t> site_max_array_size(const Patience& patience);

/// What the controller or, after a while, the site's accounting knows of a job or of a task of an array.
struct SlurmJob {
  std::string id;  ///< "12", of an array's task "12_3"; tasks that wait together are one: "12_[4-9]"
  std::string name;
  std::string state;  ///< Slurm's: PENDING, RUNNING, COMPLETED, …; UNKNOWN where nobody remembers it
  std::string reason, nodes;
  int restarts = 0;
  std::string exit_code;  ///< "75:0": code and signal; empty before the end

  /// Whether it may still do something.
  bool is_live() const;
};

/// The job's entries, one a task for arrays. A job of another name is none of them: a controller that was
/// killed may forget its last jobs and give their ids to others.
std::vector<SlurmJob> look_up_job(const std::string& id, const std::string& name, const Patience& patience);

/// Entries of `scontrol --oneliner show job`.
std::vector<SlurmJob> parse_scontrol_jobs(const std::string& text);

}  // namespace mofi
