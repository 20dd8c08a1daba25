#pragma once
// What the name of a run's folder says of a run that has no result.

#include <string>

namespace mofi {

/// The name without its identity, seed and fold, which the runs of one arm share: "emopia_folds_mode_site1"
/// of "runs/emopia_folds_mode_site1_fold0_seed2-1c60bd724a8e".
std::string arm_part_of(const std::string& folder);

}  // namespace mofi
