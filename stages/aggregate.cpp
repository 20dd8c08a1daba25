// mofi aggregate: the finished runs of a sweep as tables.

#include "report/aggregate.h"

#include <cstdio>

#include "core/log.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  std::string results, output, published;
  mofi::AblationOptions options;

  CLI::App app{
      "Puts the finished runs of a results folder into tables: runs.csv, groups.csv, and in tables/ as "
      "Markdown,\n"
      "LaTeX and CSV: ablation (what every arm scored), comparisons (every test of every pair), confusion. "
      "Runs\n"
      "on several data sets, splits or key profiles have a table each, and one of all rows."};
  app.add_option("--results", results, "results folder, with runs/ in it")->required()->type_name("DIR");
  app.add_option("--output", output, "where tables go; the results folder unless given")->type_name("DIR");
  app.add_option("--baseline", options.baseline, "settings of the arm to compare with; repeatable")
      ->type_name("KEY=VALUE")
      ->capture_default_str();
  app.add_option("--published", published, "values to print beside ours, as in configs/published.yaml")
      ->type_name("FILE");
  app.add_option("--bootstrap", options.bootstrap.resamples, "number of bootstrap resamples")
      ->check(mofi::integer(1, 1e6))
      ->capture_default_str();
  app.add_option("--bootstrap-seed", options.bootstrap.seed, "seed of the bootstrap")
      ->check(mofi::integer(0))
      ->capture_default_str();
  app.footer("Example:\n  mofi aggregate --results results/demo --baseline injection.condition=constant");

  return mofi::run_stage(argc, argv, app, [&] {
    if (!published.empty()) options.published = mofi::read_published(published);
    const mofi::AggregateSummary summary =
        mofi::aggregate(results, output.empty() ? results : output, options);
    for (const mofi::Table& table : summary.groups) std::printf("%s\n", mofi::to_terminal(table).c_str());
    std::fputs(mofi::to_terminal(summary.table).c_str(), stdout);
    for (const mofi::SkippedRun& run : summary.skipped) mofi::log_warning("left out: {}", run.reason);
    mofi::log_info("wrote {} files: runs.csv, groups.csv and tables/ in {}", summary.written.size(),
                   output.empty() ? results : output);
  });
}
