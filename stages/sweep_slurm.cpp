#include "sweep_slurm.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "ablation/slurm/config_text.h"
#include "ablation/slurm/submit.h"
#include "core/error.h"
#include "core/log.h"
#include "report/table.h"

namespace mofi {

std::vector<std::filesystem::path> own_program() {
  const auto executable = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::filesystem::path> program = {executable};
  for (const auto& folder : {executable.parent_path(), executable.parent_path().parent_path() / "lib"}) {
    if (!std::filesystem::exists(folder / "libmofi_gpu.so")) continue;
    program.push_back(folder / "libmofi_gpu.so");
    break;
  }
  return program;
}

void submit(const SlurmOptions& options, const ConfigNode& config, const std::filesystem::path& results,
            std::size_t runs, const std::vector<std::filesystem::path>& program) {
  if (options.profile.empty())
    fail(ExitCode::kUsage, "submit needs --cluster PROFILE; cluster/profiles/ holds some to begin with");
  const SubmitRequest request = {results, options.profile, config_text(config), runs, program};
  if (options.dry_run) {
    fmt::print("{}", preview_submission(request));
    return;
  }
  const Submission submission = submit_sweep(request, options.again);
  for (const auto& [script, id] : submission.accepted) fmt::print("{}\n", id);
  log_info("{}: {} job{} submitted; logs are in {}", submission.id, submission.accepted.size(),
           submission.accepted.size() == 1 ? "" : "s", (submission.folder / "log").string());
}

void cancel(const std::filesystem::path& results) {
  const std::vector<std::string> ids = cancel_sweep(results);
  if (ids.empty())
    log_info("no job of {} waits or runs", results.string());
  else
    fmt::print("{}\n", fmt::join(ids, "\n"));
}

void print_jobs(const std::filesystem::path& results) {
  const std::vector<SubmittedJob> jobs = submitted_jobs(results);
  if (jobs.empty()) return;
  Table table;
  table.columns = {{"job", Align::kLeft},   {"submission", Align::kLeft}, {"state", Align::kLeft},
                   {"nodes", Align::kLeft}, {"restarts", Align::kRight},  {"exit", Align::kRight},
                   {"why", Align::kLeft}};
  for (const auto& [submission, job] : jobs)
    table.rows.push_back(
        {job.id, submission, job.state, job.nodes, std::to_string(job.restarts), job.exit_code, job.reason});
  fmt::print("{}", to_terminal(table));
}

}  // namespace mofi
