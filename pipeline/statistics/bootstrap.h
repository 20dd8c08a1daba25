#pragma once
// Seeded bootstrap intervals for accuracies that were measured with several seeds on the same songs.
//
// What is estimated is the mean accuracy over all songs and all seeds there could be, so both are resampled:
// songs with replacement, each with all its clips (clips of a song are not independent), and, apart from
// them, the seeds' deviations from their mean. Songs and seeds are crossed, every seed scores every song;
// drawing both at once from the table (Owen's pigeonhole bootstrap, Annals of Applied Statistics 1, 2007)
// counts the noise of single answers three times, which makes paired differences of similar arms up to 1.7
// times too wide. Here it counts at most twice: once with the songs, once within the seeds' deviations. So
// intervals err on the wide side, which makes up for there being few seeds; tests/unit/bootstrap_test.cpp
// simulates how often they hold the truth.
//
// Intervals are percentile intervals. Draws are a function of (bootstrap seed, number of the resample), so
// nothing depends on the order in which runs are read, and arms of equal shape get the same draws.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace mofi {

struct SongScore {
  std::int64_t correct = 0, scored = 0;
};
/// What one seed scored, by song.
using ScoreBySong = std::map<std::string, SongScore>;

/// Correct answers and their number for every song and seed, ready to be resampled.
struct ScoreTable {
  std::vector<std::int64_t> seeds;  ///< ascending
  std::vector<std::string> songs;   ///< ascending; all that any seed scored
  std::vector<double> correct;      ///< [songs, seeds] whole numbers
  std::vector<double> scored;       ///< [songs, seeds]
};
ScoreTable make_score_table(const std::map<std::int64_t, ScoreBySong>& by_seed);

/// How often each seed and each song was drawn.
struct Resample {
  std::span<const double> seed_weight, song_weight;
};

struct BootstrapOptions {
  int resamples = 5000;
  std::uint64_t seed = 1;
  double level = 0.95;
};

/// Calls `use` for every resample of that many seeds and songs; what other statistics (a median over seeds,
/// which arm is best) are built on.
void for_each_resample(std::size_t seeds, std::size_t songs, const BootstrapOptions& options,
                       const std::function<void(const Resample&)>& use);

/// The mean over seeds of each seed's accuracy on the drawn songs.
double mean_accuracy(const ScoreTable& table, std::span<const double> song_weight);

/// How far each seed lies from the mean of all, times sqrt(n / (n - 1)), by which the mean of n resampled
/// deviations gets the variance that the mean of n new seeds has. 0 for a single seed, which tells nothing of
/// others.
std::vector<double> seed_effects(const ScoreTable& table);

struct Interval {
  double low = 0, high = 0;
};

/// The quantiles (1 - level) / 2 and (1 + level) / 2 (statistics/summary.h says by which rule) of resampled
/// values.
Interval percentile_interval(std::vector<double> values, double level);

struct Estimate {
  double value = 0;   ///< of the data themselves
  Interval interval;  ///< NaN for fewer than two songs, which say nothing of other songs
};

/// Mean accuracy over the seeds of one arm. With one seed, the interval is for that seed and other songs.
Estimate bootstrap_accuracy(const ScoreTable& arm, const BootstrapOptions& options);

/// Mean over seeds of accuracy(arm) - accuracy(reference), the same songs and seeds drawn in both. Both must
/// have the same seeds, and the same songs with as many clips.
Estimate bootstrap_difference(const ScoreTable& arm, const ScoreTable& reference,
                              const BootstrapOptions& options);

}  // namespace mofi
