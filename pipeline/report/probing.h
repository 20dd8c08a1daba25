#pragma once
// Which state of a frozen backbone knows least of what is probed for, and which most (MoGE b, arXiv
// 2512.17946): chosen on the valid part and reported on the test part, which had no say in it.

#include "report/ablation_table.h"

namespace mofi {

/// Two sentences for every family of probes that differ in head.state alone: the state that is chosen, how
/// sure the choice is, and its accuracy on the test part with the interval. Where runs were not scored on
/// both parts, a sentence that says so. Nothing for other ablations.
std::vector<std::string> probing_notes(const NamedAblation& named, const RunSet& runs,
                                       const AblationOptions& options);

}  // namespace mofi
