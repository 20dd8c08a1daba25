#include "report/report.h"

#include "core/files.h"
#include "plots/draw.h"
#include "report/figures.h"
#include "report/page.h"

namespace mofi {
namespace {

/// Draws as long as nothing has gone wrong.
class Drawing {
 public:
  Drawing(const std::filesystem::path& output_dir, ReportSummary& summary)
      : output_dir_(output_dir), summary_(summary) {}

  std::vector<DrawnFigure> operator()(std::vector<Figure> figures, const std::string& folder) {
    std::vector<DrawnFigure> drawn;
    std::vector<std::string> pictures(figures.size());
    try {
      if (summary_.no_plots)
        write_scripts(figures, output_dir_ / folder);
      else
        pictures = draw(figures, output_dir_ / folder);
      summary_.plots += summary_.no_plots ? 0 : figures.size();
    } catch (const Error& error) {
      summary_.no_plots = error;
      write_scripts(figures, output_dir_ / folder);
    }
    for (std::size_t i = 0; i < figures.size(); ++i)
      drawn.push_back({std::move(figures[i]), std::move(pictures[i]), folder});
    return drawn;
  }

 private:
  const std::filesystem::path& output_dir_;
  ReportSummary& summary_;
};

}  // namespace

ReportSummary report(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                     const AblationOptions& options) {
  const AggregatedRuns aggregated = aggregated_runs(results_dir, options);
  ReportSummary summary;
  summary.tables = write_tables(aggregated, output_dir, options);
  if (!can_draw())
    summary.no_plots = Error(ExitCode::kMissing,
                             "no gnuplot in PATH, so no plots were drawn (their data and scripts are in "
                             "plots/); install it (Debian and "
                             "Ubuntu: gnuplot-nox) and make the report again");
  Drawing draw_all(output_dir, summary);
  PageFigures figures;
  const bool several = aggregated.all.size() > 1;
  if (several) figures.across = draw_all(figures_across(aggregated.all, options), "plots");
  for (const NamedAblation& named : aggregated.all)
    figures.tables.push_back(draw_all(figures_of(named, aggregated.runs, options),
                                      several ? "plots/" + named.name : std::string("plots")));
  try {
    figures.ranks = draw_all(figures_of_ranks(results_dir), "plots");
  } catch (const Error& error) {  // a file of another kind that is called like a trace
    summary.no_plots = error;
  }
  if (summary.no_plots) figures.why_none = summary.no_plots->what();
  summary.page = output_dir / "report.html";
  write_atomically(summary.page, report_page(aggregated, summary.tables, figures, options));
  return summary;
}

}  // namespace mofi
