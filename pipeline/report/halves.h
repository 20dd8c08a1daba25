#pragma once
// How often the half of Russell's circle is right, with the interval that accuracy has: valence and arousal
// as questions of two classes.

#include <optional>

#include "report/ablation.h"

namespace mofi {

enum class Half { kValence, kArousal };

/// Of one arm; nothing unless its classes are quadrants.
std::optional<Estimate> half_accuracy(const Arm& arm, Half half, const Names& names, const Scoring& scoring,
                                      const BootstrapOptions& options);

/// Of an arm less that of a reference, over the repetitions that both have; nothing unless both scored the
/// same clips with them.
std::optional<Estimate> half_difference(const Arm& arm, const Arm& reference, Half half, const Names& names,
                                        const Scoring& scoring, const BootstrapOptions& options);

}  // namespace mofi
