#pragma once
// What a table shows, in words.

#include <string>
#include <vector>

#include "report/ablation_table.h"

namespace mofi {

/// Sentences, the first ones about what is told to the model, condition by condition: differences to the
/// baseline, always with their intervals, and never one site of many by itself; then which arms cannot be
/// told from the best.
std::vector<std::string> findings(const NamedAblation& named, const AblationOptions& options);

}  // namespace mofi
