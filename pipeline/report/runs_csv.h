#pragma once
// runs.csv: every finished run as one line, with nothing in it that another execution of the same run would
// change.

#include "report/ablation_table.h"
#include "report/table.h"

namespace mofi {

/// By run id: the tables and the row that it counts for, the config fields in which arms differ, seed, fold,
/// the scores of each split and of the pooled ones, content digests, and the producer (program and commit).
Table runs_table(const RunSet& runs, const std::vector<NamedAblation>& all);

}  // namespace mofi
