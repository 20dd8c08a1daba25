#include "report/aggregate.h"

#include <set>

#include "core/config_tree.h"
#include "core/error.h"
#include "core/files.h"
#include "report/ablation_table.h"
#include "report/invariance_table.h"
#include "report/published_table.h"
#include "report/run_groups.h"
#include "report/runs_csv.h"
#include "report/scores_table.h"

namespace mofi {
namespace {

class Writer {
 public:
  Writer(std::filesystem::path folder, std::vector<std::filesystem::path>& written)
      : folder_(std::move(folder)), written_(written) {}

  void operator()(const std::string& name, const std::string& text) {
    write_atomically(folder_ / name, text);
    written_.push_back(folder_ / name);
  }
  /// To read, and to print.
  void readable(const std::string& name, const Table& table) {
    (*this)(name + ".md", to_markdown(table));
    (*this)(name + ".tex", to_latex(table));
  }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path>& written_;
};

void write_group(const NamedAblation& named, const Table& table, const AblationOptions& options,
                 Writer& write) {
  const std::string folder = named.name.empty() ? "tables/" : "tables/" + named.name + "/";
  const std::vector<NamedAblation> only = {{"", {}, named.runs, named.ablation}};
  write.readable(folder + "ablation", table);
  write(folder + "ablation.csv", to_csv(ablation_numbers(only, {})));
  write.readable(folder + "comparisons", comparison_table(named, options));
  write(folder + "comparisons.csv", to_csv(comparison_numbers(only, {})));
  write(folder + "confusion.md", to_markdown(confusion_table(named)));
  write(folder + "confusion.csv", to_csv(confusion_numbers(only, {})));
  write.readable(folder + "scores", scores_table(named));
  if (!has_invariance(named)) return;
  write.readable(folder + "invariance", invariance_table(named));
  write(folder + "invariance.csv", to_csv(invariance_numbers(only, {})));
}

/// A slip in a baseline would take every difference from the tables.
void require_known_fields(const std::vector<std::string>& settings, const std::vector<Run>& runs) {
  for (const Setting& setting : parse_settings(settings)) {
    std::set<std::string> known = {"system"};
    for (const Run& run : runs) known.insert(run.config.order.begin(), run.config.order.end());
    if (known.contains(setting.path)) continue;
    const std::string near = nearest_name(setting.path, {known.begin(), known.end()});
    fail(ExitCode::kUsage, "baseline: no run has the field '{}'{}", setting.path,
         near.empty() ? "" : fmt::format(", did you mean '{}'?", near));
  }
}

}  // namespace

AggregatedRuns aggregated_runs(const std::filesystem::path& results_dir, const AblationOptions& options) {
  AggregatedRuns aggregated;
  aggregated.runs = read_runs(results_dir, options.only);
  const RunSet& runs = aggregated.runs;
  if (runs.runs.empty()) {
    const std::string first =
        runs.skipped.empty()
            ? ""
            : fmt::format(" ({} others; the first: {})", runs.skipped.size(), runs.skipped.front().reason);
    fail(ExitCode::kMissing, "{}: holds no finished run{}; start or go on with 'mofi sweep run'",
         (results_dir / "runs").string(), first);
  }
  require_known_fields(options.baseline, runs.runs);
  GroupedRuns grouped = group_runs(runs.runs);
  aggregated.columns = std::move(grouped.columns);
  for (RunGroup& group : grouped.groups) {
    Ablation ablation = ablate(group.runs, runs, options);
    aggregated.all.push_back(
        {std::move(group.name), std::move(group.parts), std::move(group.runs), std::move(ablation)});
  }
  return aggregated;
}

AggregateSummary write_tables(const AggregatedRuns& aggregated, const std::filesystem::path& output_dir,
                              const AblationOptions& options) {
  const auto& [runs, columns, all] = aggregated;
  AggregateSummary summary;
  for (const NamedAblation& named : all) summary.arms += named.ablation.set.arms.size();
  summary.runs = runs.runs.size();
  summary.skipped = runs.skipped;

  Writer write(output_dir, summary.written);
  write("runs.csv", to_csv(runs_table(runs, all)));
  write("groups.csv", to_csv(ablation_numbers(all, columns)));
  if (!options.published.empty()) write.readable("tables/published", published_table(all, options.published));
  std::vector<Table> tables;
  for (const NamedAblation& named : all) {
    tables.push_back(ablation_table(named, runs, options));
    write_group(named, tables.back(), options, write);
  }
  if (all.size() == 1) {
    summary.table = std::move(tables.front());
    return summary;
  }
  summary.table = combined_table(all, columns, runs, options);
  summary.groups = std::move(tables);
  write.readable("tables/ablation", summary.table);
  write("tables/ablation.csv", to_csv(ablation_numbers(all, columns)));
  write("tables/comparisons.csv", to_csv(comparison_numbers(all, columns)));
  write("tables/confusion.csv", to_csv(confusion_numbers(all, columns)));
  return summary;
}

AggregateSummary aggregate(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                           const AblationOptions& options) {
  return write_tables(aggregated_runs(results_dir, options), output_dir, options);
}

}  // namespace mofi
