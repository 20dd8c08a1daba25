#pragma once
// What `mofi aggregate` does: run folders in, tables out. The bytes of the tables depend on the contents of
// the runs and on the options alone, not on times, paths, or the order in which runs were made or are listed.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "report/ablation.h"
#include "report/table.h"

namespace mofi {

struct AggregateSummary {
  std::size_t runs = 0, arms = 0;
  std::vector<SkippedRun> skipped;             ///< folders that are no finished run, with the reason
  std::vector<std::filesystem::path> written;  ///< runs.csv, tables/ablation.md, tables/ablation.csv
  Table table;                                 ///< the ablation, for the terminal
};

/// Reads `results_dir`/runs/* and writes into `output_dir`, each file atomically. Throws kMissing when there
/// is no finished run, kData when runs must not be put into one table (report/arms.h).
AggregateSummary aggregate(const std::filesystem::path& results_dir, const std::filesystem::path& output_dir,
                           const AblationOptions& options = {});

}  // namespace mofi
