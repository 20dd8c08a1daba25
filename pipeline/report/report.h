#pragma once
// What `mofi report` does: everything that aggregate() writes, plots of it, and one page to read.

#include <filesystem>
#include <optional>

#include "core/error.h"
#include "report/aggregate.h"

namespace mofi {

struct ReportSummary {
  AggregateSummary tables;
  std::filesystem::path page;
  std::size_t plots = 0;
  /// Why no plots were drawn; the tables, the page and the plots' scripts are there all the same.
  std::optional<Error> no_plots;
};

/// Writes into `output_dir`, beside runs.csv, groups.csv and tables/:
///
///   plots/NAME.csv .gp .svg .pdf .png   a plot each (report/figures.h); where there are several tables,
///   those of a table
///                                       are in plots/GROUP/
///   report.html                         tables, plots, what was found, and the runs behind every number
///
/// The same bytes for the same runs, options, gnuplot and fonts. Throws what aggregate() throws.
ReportSummary report(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                     const AblationOptions& options = {});

}  // namespace mofi
