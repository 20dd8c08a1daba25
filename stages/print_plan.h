#pragma once

#include <vector>

#include "ablation/plan.h"

namespace mofi {

/// Prints run, state and reason, a line each, and how many there are of each state.
void print_plan(const std::vector<PlannedRun>& plan);

}  // namespace mofi
