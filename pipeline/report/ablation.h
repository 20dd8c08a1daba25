#pragma once
// The numbers of an ablation table: what every arm scored, how sure that is, and how it differs from its
// baseline.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "report/arms.h"
#include "statistics/bootstrap.h"

namespace mofi {

struct AblationOptions {
  std::vector<std::string> baseline = {
      "injection.condition=none"};  ///< dotted settings of the arm to compare with
  /// The splits that are scored, pooled. Empty: what each run's data.evaluate says, but of a cross-validation
  /// only the test part, in which every piece is once.
  std::vector<std::string> splits;
  std::set<std::string> only;  ///< names of run folders; empty: all that are there
  BootstrapOptions bootstrap;
};

/// A metric over seeds: every seed gives one number, from the pooled counts of its splits and folds.
struct Spread {
  double mean = 0, sd = 0;
};

struct Difference {
  Estimate accuracy;
  std::vector<std::int64_t> seeds;  ///< the seeds that both arms have
};

struct ArmResult {
  std::vector<std::int64_t> seeds;
  std::int64_t fewest_clips = 0, most_clips = 0;  ///< of its seeds; unlike when folds are missing
  std::size_t songs = 0;
  Spread accuracy, macro_f1, weighted_f1, valence_accuracy, arousal_accuracy, mode_agreement;
  Interval accuracy_interval;
  bool is_baseline = false;
  std::optional<Difference> difference;  ///< to its baseline, where both scored the same clips
};

struct Ablation {
  ArmSet set;
  std::vector<ArmResult> results;   ///< one an arm, in the order of set.arms
  std::vector<std::string> splits;  ///< that were pooled, of any arm
  std::vector<std::string> gaps;  ///< sentences about folds that are missing and arms that cannot be compared
  /// The arm that is told apart from every other one: each paired interval of its lead, at a level corrected
  /// for the number of comparisons (Bonferroni), lies above 0. Mostly there is none.
  std::optional<std::size_t> best;
};

/// `runs` must outlive the result. Throws kData for what must not be pooled (report/arms.h), or when a seed
/// scored a piece in two folds.
Ablation ablate(const RunSet& runs, const AblationOptions& options);

/// The splits that count of a run.
std::vector<std::string> scored_splits(const Run& run, const AblationOptions& options, bool cross_validated);

}  // namespace mofi
