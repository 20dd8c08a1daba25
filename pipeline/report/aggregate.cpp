#include "report/aggregate.h"

#include "core/error.h"
#include "core/files.h"
#include "report/ablation_table.h"
#include "report/runs_csv.h"

namespace mofi {

AggregateSummary aggregate(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                           const AblationOptions& options) {
  const RunSet runs = read_runs(results_dir, options.only);
  if (runs.runs.empty()) {
    const std::string first =
        runs.skipped.empty()
            ? ""
            : fmt::format(" ({} others; the first: {})", runs.skipped.size(), runs.skipped.front().reason);
    fail(ExitCode::kMissing, "{}: holds no finished run{}; start or go on with 'mofi sweep run'",
         (results_dir / "runs").string(), first);
  }
  const Ablation ablation = ablate(runs, options);

  AggregateSummary summary;
  summary.runs = runs.runs.size();
  summary.arms = ablation.set.arms.size();
  summary.skipped = runs.skipped;
  summary.table = ablation_table(ablation, runs, options);
  const auto write = [&](const std::filesystem::path& name, const std::string& text) {
    write_atomically(output_dir / name, text);
    summary.written.push_back(output_dir / name);
  };
  write("runs.csv", to_csv(runs_table(runs, ablation, options)));
  write("tables/ablation.md", to_markdown(summary.table));
  write("tables/ablation.csv", to_csv(ablation_numbers(ablation)));
  return summary;
}

}  // namespace mofi
