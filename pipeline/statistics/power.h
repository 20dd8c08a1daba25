#pragma once
// What a paired comparison of so many seeds and songs can see, from the variances that were seen.

#include <cstddef>
#include <optional>

#include "statistics/bootstrap.h"

namespace mofi {

/// The chance that a two-sided t test at `level` tells a true `gap` from 0 when its estimate has this
/// standard error: by Student's noncentral distribution.
double power_of_t(double gap, double standard_error, double degrees, double level);

/// The smallest gap that is seen with a chance of `power`.
double detectable_gap(double standard_error, double degrees, double level, double power);

/// The same for a paired difference whose variances are `parts`.
double detectable_gap(const VarianceParts& parts, double level, double power);

/// The variances that so many seeds, or songs, would have. Parts that come out below 0 count as 0.
VarianceParts with_seeds(const VarianceParts& seen, std::size_t seeds);
VarianceParts with_songs(const VarianceParts& seen, std::size_t songs);

/// The fewest seeds on the same songs, or songs with the same seeds, that see `gap`; nothing where 10,000
/// seeds, or a million songs, are not enough: the other part alone is too large then.
std::optional<std::size_t> seeds_needed(const VarianceParts& seen, double gap, double level, double power);
std::optional<std::size_t> songs_needed(const VarianceParts& seen, double gap, double level, double power);

}  // namespace mofi
