#include "ablation/under_way.h"

#include <fmt/core.h>

#include "ablation/jobs.h"
#include "ablation/run_folder.h"

namespace mofi {

std::string UnderWay::text() const {
  if (epoch.empty()) return doing;
  return fmt::format("{}{}epoch {} kept", doing, doing.empty() ? "" : ", ", epoch);
}

UnderWay under_way(const PlannedRun& run, const std::filesystem::path& results, const ProcessId& process) {
  UnderWay now;
  now.attempt.process = process;
  if (const auto job = read_job(job_file(results, process)); job && job->run == run.id)
    now.doing = job->doing;
  if (const auto kept = kept_checkpoint(run.folder); kept && kept->newer_schema.empty())
    now.epoch = fmt::format("{}{}", kept->epoch, run.epochs > 0 ? fmt::format(" of {}", run.epochs) : "");
  return now;
}

UnderWay under_way(const PlannedRun& run, const std::filesystem::path& results) {
  const auto attempts = read_attempts(run.folder);
  if (attempts.empty()) return {};
  UnderWay now = under_way(run, results, attempts.back().process);
  now.attempt = attempts.back();
  return now;
}

}  // namespace mofi
