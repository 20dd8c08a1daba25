#pragma once
// What the seeds of an arm scored, their folds and splits pooled as counts.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "report/arms.h"
#include "statistics/bootstrap.h"
#include "statistics/scores.h"

namespace mofi {

struct ScoredClip {
  std::uint32_t song = 0, piece = 0;  ///< numbers of RunSet::names
  int label = 0;
  bool right = false;
};

struct SeedPool {
  Scores scores;
  UnitCount rows, songs;
  std::vector<ScoredClip> clips;  ///< by song and piece
};
using Pools = std::map<std::int64_t, SeedPool>;

/// A run under the repetition (RunSet::repetitions; mostly a seed) that it counts for.
struct SeededRun {
  std::int64_t seed = 0;
  const Run* run = nullptr;
};
std::vector<SeededRun> seeded(const std::vector<const Run*>& runs);

/// How runs are scored: which of their splits count.
struct Scoring {
  std::vector<std::string> splits;  ///< empty: what each run's data.evaluate says …
  bool cross_validated =
      false;  ///< … but of a cross-validation only the test part, where every piece is once
};
std::vector<std::string> scored_splits(const Run& run, const Scoring& scoring);

/// Throws kData when a seed scored a piece in two folds, or runs have unlike classes.
Pools pool(const std::vector<SeededRun>& runs, const Names& names, const Scoring& scoring);

/// The accuracy of one run on the splits that count; NaN when it scored nothing there.
double run_accuracy(const Run& run, const Names& names, const Scoring& scoring);

/// Whether both have the same seeds, which scored the same clips.
bool scored_the_same(const Pools& a, const Pools& b);

ScoreTable score_table(const Pools& pools, const Names& names);

}  // namespace mofi
