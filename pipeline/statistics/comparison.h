#pragma once
// Everything that is said of two arms that were scored on the same clips with the same seeds.

#include <cstdint>
#include <span>
#include <vector>

#include "statistics/bootstrap.h"
#include "statistics/paired_tests.h"

namespace mofi {

/// One seed in one fold: the accuracy of each arm's run.
struct RunPair {
  std::int64_t fold = 0;
  double arm = 0, reference = 0;
};

struct Comparison {
  Estimate difference;     ///< mean over seeds of accuracy(arm) - accuracy(reference)
  double bootstrap_p = 1;  ///< where the interval would touch 0
  PairedT corrected;       ///< Nadeau and Bengio's test over folds and seeds; NaN without folds
  double song_p = 1;       ///< permutation by songs
  double improvement = 0;  ///< the chance of improvement, within folds, averaged over them
  VarianceParts parts;     ///< of the difference
  /// The larger of bootstrap and song p, for Holm's adjustment: the arms differ on other songs and with other
  /// seeds. That they differ with other training sets, too, is for the corrected test alone to say, which
  /// needs gaps two to three times as large.
  double p() const;
};

/// `gain` is the table of the difference (gain_table), `draws` its resamples. `test_to_train`: scored over
/// training clips of a cross-validation; NaN where there are no folds.
Comparison compare(const ScoreTable& gain, std::vector<double> draws, double level,
                   std::span<const RunPair> runs, double test_to_train);

}  // namespace mofi
