#pragma once
// Which of several arms is the best, as far as joint resamples (statistics/bootstrap.h) can tell.

#include <span>
#include <vector>

namespace mofi {

/// For each arm the share of resamples in which it scores highest; arms that tie share. `draws`: [arms,
/// resamples] of jointly resampled accuracies.
std::vector<double> probability_of_best(std::span<const std::vector<double>> draws);

/// The model confidence set of Hansen, Lunde and Nason (Econometrica 79, 2011), by their range statistic: the
/// arms that cannot be told from the best, which hold the best with a chance of at least `level`. While the
/// largest difference between two of the arms that are left, in units of its own spread, is larger than it
/// mostly is in resamples of equal arms, the worse of the two is struck out. `values`: the accuracies
/// themselves. A spread is the interquartile range, for resamples of few seeds have long tails.
std::vector<bool> confidence_set(std::span<const double> values, std::span<const std::vector<double>> draws,
                                 double level);

}  // namespace mofi
