#pragma once
// Published tables with ours beside: a row for every value, and never an empty one.

#include "report/ablation_table.h"

namespace mofi {

/// A row for every published value and every table of ours on its data set (`all`); of several arms that do
/// the same the one of most runs. Where none does, the row says which settings have not been run. In %, and
/// percentage points.
Table published_table(const std::vector<NamedAblation>& all, const std::vector<PublishedValue>& values);

}  // namespace mofi
