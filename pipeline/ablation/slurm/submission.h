#pragma once
// RESULTS/slurm/<id>/: all that a submission is made of, so that neither a rebuild nor an edit can change a
// job that waits, and what became of it so far.
//
//   submission.json   what was submitted, and the names of its jobs
//   bin/, config.yaml, digests, job_0.sh, …      copies, their SHA-256, scripts
//   jobs.jsonl        a line a job that Slurm accepted; written as it happens
//   log/

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ablation/slurm/job_script.h"

namespace mofi {

/// What `mofi sweep submit` is asked for.
struct SubmitRequest {
  std::filesystem::path results;
  std::filesystem::path profile_file;
  std::string config;                          ///< resolved, as YAML
  std::size_t runs = 0;                        ///< of the plan
  std::vector<std::filesystem::path> program;  ///< mofi-sweep, then what has to be beside it
};

struct Submission {
  std::string id;
  std::filesystem::path folder;
  std::string request_sha256;                   ///< of profile, template, config and runs: what was asked for
  std::vector<std::string> job_names;           ///< of job_<i>.sh
  std::map<std::size_t, std::string> accepted;  ///< script → Slurm's job id
  bool cancelled = false;

  std::filesystem::path script(std::size_t index) const;
  bool is_unfinished() const { return !cancelled && accepted.size() < job_names.size(); }
  /// Appends to jobs.jsonl, and has it on the disk before it returns.
  void note_accepted(std::size_t script, const std::string& job);
  void note_cancelled();
};

/// Those of a results folder, the oldest first. What a killed writer left half-written counts for nothing.
std::vector<Submission> read_submissions(const std::filesystem::path& results);

/// The submission that would be the next.
struct Draft {
  ClusterProfile profile;
  SubmittedSweep sweep;
  std::string request_sha256;
  std::vector<JobScript> scripts;
};
/// Writes nothing. `site_max_array_size` is asked for arrays only.
Draft draft_submission(const SubmitRequest& request, const std::function<std::size_t()>& site_max_array_size);

/// Makes the folder, whole or not at all.
Submission make_submission(const SubmitRequest& request, const Draft& draft);

/// Only one process at a time submits or cancels jobs of a results folder; others wait.
class SubmissionLock {
 public:
  explicit SubmissionLock(const std::filesystem::path& results);
  ~SubmissionLock();
  SubmissionLock(const SubmissionLock&) = delete;
  SubmissionLock& operator=(const SubmissionLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace mofi
