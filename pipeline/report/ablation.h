#pragma once
// The numbers of one table: what every arm scored, how sure that is, how it differs from what it is compared
// with, and which arm is best, as far as that can be told.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "report/arms.h"
#include "report/pooling.h"
#include "report/published.h"
#include "statistics/comparison.h"

namespace mofi {

struct AblationOptions {
  /// Settings of the arm that the table's differences are to.
  std::vector<std::string> baseline = {"injection.condition=none"};
  /// What the comparisons also have, each as the settings of an arm.
  std::vector<std::vector<std::string>> controls = {{"injection.condition=constant"},
                                                    {"injection.condition=shuffled"}};
  /// Settings of the arms that are told the answer: they show what the path can carry, and are never best.
  std::vector<std::string> upper_bound = {"injection.condition=labels"};
  /// The splits that are scored, pooled. Empty: what each run's data.evaluate says, but of a cross-validation
  /// only the test part, in which every piece is once.
  std::vector<std::string> splits;
  std::set<std::string> only;  ///< names of run folders; empty: all that are there
  BootstrapOptions bootstrap;
  double power = 0.8;                     ///< the chance with which a gap is to be seen
  std::vector<PublishedValue> published;  ///< to print beside
};

/// A metric over seeds: every seed gives one number, from the pooled counts of its splits and folds.
struct Spread {
  double mean = 0, sd = 0, iqm = 0;  ///< iqm: interquartile mean
};

struct ArmResult {
  std::vector<std::int64_t> seeds;
  std::int64_t fewest_clips = 0, most_clips = 0;  ///< of its seeds; unlike when folds are missing
  std::size_t songs = 0;
  std::size_t missing = 0;    ///< runs of seeds and folds that other arms have
  std::size_t failed = 0;     ///< of those that are not finished, how many ended badly
  std::size_t collapsed = 0;  ///< finished runs that predict one class for everything
  Spread accuracy, macro_f1, weighted_f1, valence_accuracy, arousal_accuracy, mode_agreement;
  Spread row_accuracy, song_accuracy, calibration_error;
  ConfusionMatrix confusion;  ///< summed over seeds
  Interval accuracy_interval;
  std::vector<std::string>
      published;  ///< "75.2 (75.1)": accuracy and F1 in %, of values that are of this arm
  bool is_baseline = false;
  std::optional<std::size_t> difference;  ///< in Ablation::comparisons: to its baseline
  double best = 0;  ///< chance of being the best of its family; NaN where that has no other arm
};

/// Arms that differ in where in the model something is done, and in nothing else: 13 layers, say. What is
/// done with many is adjusted within it.
struct Family {
  std::string name;               ///< "mode"
  std::vector<std::size_t> arms;  ///< that have these seeds in full
  std::vector<std::int64_t> seeds;
  std::vector<bool> in_set;  ///< which cannot be told from the best of them; empty of fewer than two
};

/// An arm against another that scored the same clips.
struct ArmComparison {
  std::size_t arm = 0, reference = 0;
  std::string against;  ///< the settings that chose the reference
  Comparison of;
  std::vector<std::int64_t> seeds;  ///< that both have
  std::size_t runs = 0;             ///< pairs of runs
  double mcnemar = 0;               ///< NaN unless one seed on one split
  double gap = 0;                   ///< the smallest that is seen at the level and power asked for
  std::string family_name;
  std::size_t family = 1;     ///< comparisons that p is adjusted for
  double holm = 1;            ///< adjusted p of songs and seeds
  double holm_corrected = 1;  ///< adjusted p of Nadeau and Bengio's test
};

struct Ablation {
  ArmSet set;
  std::size_t divisions = 0;  ///< ways in which songs were dealt to folds
  Scoring scoring;
  std::vector<ArmResult> results;          ///< one an arm, in the order of set.arms
  std::vector<std::string> splits;         ///< that were pooled, of any arm
  std::vector<ArmComparison> comparisons;  ///< by what they are against, then by arm
  std::vector<Family> families;            ///< of two arms and more
  /// All arms that can be set against each other, and those of them that cannot be told from the best.
  Family contest;
  std::vector<std::string> gaps;  ///< sentences about folds that are missing and arms that cannot be compared
};

/// `runs`: of one group (report/run_groups.h) of `all`; both must outlive the result. Throws kData for what
/// must not be pooled (report/arms.h), or when a seed scored a piece in two folds.
Ablation ablate(const std::vector<const Run*>& runs, const RunSet& all, const AblationOptions& options);

}  // namespace mofi
