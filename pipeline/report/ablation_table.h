#pragma once
// An ablation as tables: one to read, with everything that must be known of its numbers under it, and one to
// compute with.

#include <string>
#include <vector>

#include "report/ablation.h"
#include "report/table.h"

namespace mofi {

/// One row an arm, the baseline first; percent and percentage points. The notes say what was scored, what the
/// intervals are, what leaks, what is missing, and which arm is best only when that can be told (design,
/// rules 8, 9).
Table ablation_table(const Ablation& ablation, const RunSet& runs, const AblationOptions& options);

/// The same rows with every number in a cell of its own, as fractions; empty where undefined.
Table ablation_numbers(const Ablation& ablation);

/// "0.584014"; empty for NaN.
std::string fraction_cell(double value);

}  // namespace mofi
