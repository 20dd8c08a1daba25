#pragma once
// What `mofi aggregate` does: run folders in, tables out. The bytes of the tables depend on the contents of
// the runs and on the options alone, not on times, paths, or the order in which runs were made or are listed.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "report/ablation_table.h"
#include "report/table.h"

namespace mofi {

struct AggregateSummary {
  std::size_t runs = 0, arms = 0;
  std::vector<SkippedRun> skipped;             ///< folders that are no finished run, with the reason
  std::vector<std::filesystem::path> written;  ///< in the order below
  Table table;                ///< the ablation, for the terminal; of several, all rows together
  std::vector<Table> groups;  ///< of several, each by itself
};

/// What tables are made of, and a report as well. `all` points into `runs`.
struct AggregatedRuns {
  RunSet runs;
  std::vector<std::string> columns;  ///< what tells tables apart
  std::vector<NamedAblation> all;    ///< one a table
};

/// Reads `results_dir`/runs/*. Throws kMissing when there is no finished run, kData when runs must not be put
/// into one table (report/arms.h).
AggregatedRuns aggregated_runs(const std::filesystem::path& results_dir, const AblationOptions& options);

/// Reads `results_dir`/runs/* and writes into `output_dir`, each file atomically:
///
///   runs.csv                        a line a run
///   groups.csv                      a line an arm, with every number
///   tables/ablation.md .tex .csv    the table; where runs are of several data sets, splits or key profiles
///                                   (report/run_groups.h), all rows of all tables
///   tables/comparisons.md .tex .csv every test of every pair of arms
///   tables/confusion.md .csv
///   tables/scores.md .tex           what the table has no room for; its numbers are in ablation.csv
///   tables/invariance.md .tex .csv  where runs were asked for it (data.invariance)
///   tables/published.md .tex        published values and ours, where options.published has some
///   tables/GROUP/…                  the same of each, where there are several
///
/// Throws kMissing when there is no finished run, kData when runs must not be put into one table
/// (report/arms.h).
AggregateSummary aggregate(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                           const AblationOptions& options = {});

/// The same of what has been read.
AggregateSummary write_tables(const AggregatedRuns& aggregated, const std::filesystem::path& output_dir,
                              const AblationOptions& options);

}  // namespace mofi
