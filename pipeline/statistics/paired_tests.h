#pragma once
// Tests of whether two arms differ that were scored on the same clips, and what follows of many such tests.
// All p values are two-sided.

#include <cstdint>
#include <span>
#include <vector>

namespace mofi {

struct PairedT {
  double t = 0, degrees = 0, p = 1;
};

/// The corrected resampled t test of Nadeau and Bengio (Machine Learning 52, 2003): `differences` of
/// accuracy, one a run, and the ratio of scored to training clips, 1 / (k - 1) for k folds. Training sets of
/// folds overlap, so that the plain variance of the mean, s^2 / n, is too small; here it is (1 / n + ratio)
/// s^2, as Bouckaert and Frank have it for repeated cross-validation (PAKDD 2004). With ratio 0 it is the
/// paired t test. NaN for fewer than two differences; equal differences other than 0 have p = 0.
PairedT corrected_paired_t(std::span<const double> differences, double test_to_train);

/// The permutation test of paired outcomes by song: under the hypothesis that the arms are interchangeable,
/// the difference of each song (answers that one arm has right less the other's, over all clips and seeds)
/// could as well have the opposite sign. The share of all 2^songs choices of signs whose sum is at least as
/// far from 0, exactly: sums are whole numbers, and their distribution is built song by song. It is about
/// these trained models on other songs; of other seeds it says nothing.
double sign_flip_p(std::span<const std::int64_t> song_differences);

/// McNemar's exact test: of the clips that just one of two classifiers has right, how many each has.
double mcnemar_p(std::int64_t only_first_right, std::int64_t only_second_right);

/// Holm's step-down adjustment (Scandinavian Journal of Statistics 6, 1979): what each p is in a family of
/// comparisons, so that the chance of any false alarm is at most the level at which they are read. NaN are no
/// comparisons and stay.
std::vector<double> holm(std::span<const double> p);

/// The chance that a run of the first is better than one of the second, ties counting half (Agarwal et al.,
/// NeurIPS 2021): Mann and Whitney's U over the number of pairs. NaN when either is empty.
double probability_of_improvement(std::span<const double> first, std::span<const double> second);

}  // namespace mofi
