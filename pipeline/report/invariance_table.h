#pragma once
// How predictions change when the music is transposed, and when it is put into the parallel mode, of runs
// that were asked (data.invariance; training/invariance.h): a direct measure of what a model hears in the
// mode.

#include "report/ablation_table.h"

namespace mofi {

/// Whether any run was asked.
bool has_invariance(const NamedAblation& named);

/// A row for every change of every arm that was asked, over all its runs. In %, and percentage points.
Table invariance_table(const NamedAblation& named);

/// A line for every arm, change, direction or shift, and label. As fractions.
Table invariance_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns);

}  // namespace mofi
