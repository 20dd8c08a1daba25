// mofi aggregate: the finished runs of a sweep as tables.

#include "report/aggregate.h"

#include <cstdio>

#include "core/log.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  std::string results, output;
  mofi::AblationOptions options;

  CLI::App app{
      "Puts the finished runs of a results folder into tables: runs.csv, tables/ablation.md and .csv."};
  app.add_option("--results", results, "results folder, with runs/ in it")->required()->type_name("DIR");
  app.add_option("--output", output, "where tables go; the results folder unless given")->type_name("DIR");
  app.add_option("--baseline", options.baseline, "settings of the arm to compare with; repeatable")
      ->type_name("KEY=VALUE")
      ->capture_default_str();
  app.add_option("--bootstrap", options.bootstrap.resamples, "number of bootstrap resamples")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--bootstrap-seed", options.bootstrap.seed, "seed of the bootstrap")->capture_default_str();
  app.footer("Example:\n  mofi aggregate --results results/demo --baseline injection.condition=constant");

  return mofi::run_stage(argc, argv, app, [&] {
    const mofi::AggregateSummary summary =
        mofi::aggregate(results, output.empty() ? results : output, options);
    std::fputs(mofi::to_terminal(summary.table).c_str(), stdout);
    for (const mofi::SkippedRun& run : summary.skipped) mofi::log_warning("left out: {}", run.reason);
    for (const auto& file : summary.written) mofi::log_info("wrote {}", file.string());
  });
}
