// mofi report: the finished runs of a sweep as tables, plots and one page.

#include "report/report.h"

#include <cstdio>

#include "core/log.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  std::string results, output, published;
  mofi::AblationOptions options;

  CLI::App app{
      "Makes of the finished runs of a results folder all that aggregate makes, and plots/ (SVG, PDF, PNG, "
      "each with its\n"
      "data and its gnuplot script) and report.html: one file without network that holds the tables, the "
      "plots, what was\n"
      "found, and the runs behind every number. trace*.json (training.trace) and scaling.csv (series, ranks, "
      "rate, unit) in\n"
      "the results folder are drawn as well. Without gnuplot tables and page are made, and it ends with 69."};
  app.add_option("--results", results, "results folder, with runs/ in it")->required()->type_name("DIR");
  app.add_option("--output", output, "where the report goes; the results folder unless given")
      ->type_name("DIR");
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
  app.footer("Example:\n  mofi report --results results/demo");

  return mofi::run_stage(argc, argv, app, [&] {
    if (!published.empty()) options.published = mofi::read_published(published);
    const std::string folder = output.empty() ? results : output;
    const mofi::ReportSummary summary = mofi::report(results, folder, options);
    for (const mofi::SkippedRun& run : summary.tables.skipped) mofi::log_warning("left out: {}", run.reason);
    mofi::log_info("wrote {} files of tables and {} plots into {}", summary.tables.written.size(),
                   summary.plots, folder);
    std::printf("%s\n", summary.page.c_str());
    if (summary.no_plots) throw *summary.no_plots;
  });
}
