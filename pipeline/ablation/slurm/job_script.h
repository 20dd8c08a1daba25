#pragma once
// From a profile and a submission to the text of its job scripts.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/slurm/cluster_profile.h"

namespace mofi {

/// What a submission runs, and where.
struct SubmittedSweep {
  std::filesystem::path folder;     ///< of the submission, absolute
  std::filesystem::path directory;  ///< working directory of its jobs: paths in the config start here
  std::filesystem::path results;
  std::string job_prefix;            ///< of the names of its jobs; no other submission has the same
  std::vector<std::string> program;  ///< `mofi-sweep run …` with its arguments
  std::size_t runs = 0;              ///< of the plan
};

struct JobScript {
  std::string job_name, text;
};

/// One script a job, or one a chunk of the array where more tasks are needed than `max_array_size`: within
/// each, indices begin at 0, as Slurm's highest index is MaxArraySize - 1. Throws a usage error for a
/// template that cannot be filled, and for paths that no #SBATCH line can hold.
std::vector<JobScript> render_job_scripts(const ClusterProfile& profile, const SubmittedSweep& sweep,
                                          const std::string& text, const std::string& template_name,
                                          std::size_t max_array_size);

/// cluster/templates/job.sh as it was when this program was built.
extern const char* const kDefaultJobTemplate;

}  // namespace mofi
