#pragma once
// What a config means by a field that it does not have: fields that came when there were results already are
// left out of a run's identity at the value that means what was done before (core/config.h).

#include "report/flat_config.h"

namespace mofi {

/// Gives `config` the unstated fields of sections that it has, and of the top level; of a classifier those
/// that its system uses, whether it has the section or not.
void add_unstated(FlatConfig& config);

}  // namespace mofi
