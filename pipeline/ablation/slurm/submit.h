#pragma once
// Submitting a sweep, looking at its jobs, and cancelling them.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/slurm/slurm_commands.h"
#include "ablation/slurm/submission.h"

namespace mofi {

/// Submits every script that is not submitted yet. A submission that was cut off goes on, whatever the build
/// is now: its copies are those of its beginning. While jobs of the results folder wait or run, a further
/// submission is made only `again`; without it nothing is, and the latest is returned. Throws a usage error
/// where another submission is unfinished.
Submission submit_sweep(const SubmitRequest& request, bool again, const Patience& patience = {});

/// The scripts that submit_sweep would submit, for people; asks Slurm where it answers, and writes nothing.
std::string preview_submission(const SubmitRequest& request, const Patience& patience = {});

/// A job, and of which submission it is.
struct SubmittedJob {
  std::string submission;
  SlurmJob job;
};

/// All jobs of a results folder as far as Slurm remembers them, those of the latest submission last. Scripts
/// that are not submitted have none.
std::vector<SubmittedJob> submitted_jobs(const std::filesystem::path& results, const Patience& patience = {});

/// Ends every job of the results folder that waits or runs, those included whose acceptance could not be
/// noted, and unfinished submissions with them. Returns the ids of the jobs.
std::vector<std::string> cancel_sweep(const std::filesystem::path& results, const Patience& patience = {});

}  // namespace mofi
