#pragma once
// Runs of a plan by their positions in it, as ranks that have the same plan tell each other of them.

#include <string>
#include <vector>

#include "ablation/plan.h"

namespace mofi {

using Positions = std::vector<std::size_t>;

/// "3 17 5", and back.
std::string text_of(const Positions& positions);
Positions positions_from(const std::string& text);

/// Those to do, the longest first, so that no long one begins when the others are done.
Positions longest_first(const std::vector<PlannedRun>& plan, const MeasuredTimes& times);

}  // namespace mofi
