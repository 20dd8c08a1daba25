#pragma once
// The report as one page that needs nothing but itself: no network, no other file, and, but for sorting, no
// script.

#include <string>
#include <vector>

#include "plots/figure.h"
#include "report/aggregate.h"

namespace mofi {

struct DrawnFigure {
  Figure figure;
  std::string svg;     ///< empty: it could not be drawn
  std::string folder;  ///< of its files, as the page names them: "plots/emopia"
};

struct PageFigures {
  std::vector<DrawnFigure> across;               ///< of all tables
  std::vector<std::vector<DrawnFigure>> tables;  ///< of each table
  std::vector<DrawnFigure> ranks;                ///< of traces and rates
  std::string why_none;                          ///< a sentence where they could not be drawn
};

/// `tables`: the tables to read, as aggregate() makes them. The page's bytes depend on the arguments alone.
std::string report_page(const AggregatedRuns& aggregated, const AggregateSummary& tables,
                        const PageFigures& figures, const AblationOptions& options);

}  // namespace mofi
