#pragma once
// Seeded bootstrap intervals for accuracies that were measured with several seeds on the same songs.
//
// What is estimated is the mean accuracy over all songs and all seeds there could be. Songs and seeds are
// crossed (every seed scores every song), and the mean varies by both:
//
//   songs   drawn with replacement, each with all its clips (clips of a song are not independent) and with
//           the mean of its seeds; deviations are stretched by Student's factor for so many songs
//   seeds   the seeds' deviations from their mean, weighted by independent normal numbers (the multiplier
//           bootstrap: for few seeds, a draw with replacement has too few outcomes), and stretched by
//           Student's factor for so few seeds. 3 seeds say little of how much seeds differ: t, not z
//
// Seeds on a limited number of songs also differ by the noise of single answers, which the songs' part has
// already. Counting it twice makes paired differences of similar arms up to 1.4 times too wide; taking it off
// in full makes intervals of few seeds too narrow where seeds do differ, for it is taken from an estimate
// with few degrees of freedom. Of that noise 1 - 1/seeds is taken off, which kept coverage nearest to 95 %
// over 2 to 20 seeds and every mixture of the parts that was simulated:
// results/reference/interval_coverage.md, tests/unit/bootstrap_test.cpp. Drawing rows and columns of the
// table at once (Owen's pigeonhole bootstrap, Annals of Applied Statistics 1, 2007) counts it three times.
//
// Folds: seeds are pooled over their folds before, so nothing is assumed of how folds of a seed go together.
// What another division into folds would give is not in these intervals (Nadeau and Bengio's test,
// statistics/paired_tests.h, allows for it).
//
// Intervals are percentile intervals. Draws are a function of (bootstrap seed, number of the resample), so
// nothing depends on the order in which runs are read, and tables of equal shape get the same draws: those of
// several arms are joint.

#include <cstdint>
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
  double least = 0;                 ///< an accuracy cannot be lower: 0, and -1 of a difference
};
ScoreTable make_score_table(const std::map<std::int64_t, ScoreBySong>& by_seed);

/// Whether both have the same seeds, and the same songs with as many clips, so that they can be compared.
bool same_shape(const ScoreTable& a, const ScoreTable& b);

/// The paired difference as a table of its own: answers that only `arm` has right less those that only
/// `reference` has right. Throws kInternal unless both have the same shape.
ScoreTable gain_table(const ScoreTable& arm, const ScoreTable& reference);

/// The mean over seeds of each seed's accuracy on all its songs; NaN when nothing was scored.
double mean_accuracy(const ScoreTable& table);

/// Why the mean is uncertain: variances of the mean over seeds and songs, each with the noise of single
/// answers in it, and that noise. From the table's linearised rows and columns (accuracy is a ratio: songs
/// have unlike numbers of clips), as in a two-way analysis of variance.
struct VarianceParts {
  double songs = 0;  ///< NaN for fewer than two songs
  double seeds = 0;  ///< 0 for one seed, which tells nothing of others
  double noise = 0;  ///< of single answers, in both of the above
  std::size_t song_count = 0, seed_count = 0;

  /// Of the seeds alone, by the rule above.
  double seed_luck() const;
  double total() const { return songs + seed_luck(); }
  /// Of `total`, by Satterthwaite's formula.
  double degrees_of_freedom() const;
};
VarianceParts variance_parts(const ScoreTable& table);

struct BootstrapOptions {
  int resamples = 5000;
  std::uint64_t seed = 1;
  double level = 0.95;
};

/// [tables, resamples]: the mean accuracy of every table in every resample, the same songs and seeds drawn in
/// all. All must have as many songs and seeds. With one seed, draws are for that seed and other songs. Empty
/// for fewer than two songs.
std::vector<std::vector<double>> resampled_means(std::span<const ScoreTable* const> tables,
                                                 const BootstrapOptions& options);

struct Interval {
  double low = 0, high = 0;
};

/// The quantiles (1 - level) / 2 and (1 + level) / 2 (statistics/summary.h says by which rule) of resampled
/// values. NaN for none.
Interval percentile_interval(std::vector<double> values, double level);

/// The level at which the percentile interval would just touch 0, two-sided; never less than what so many
/// resamples can tell, 2 / (resamples + 1). NaN for none.
double p_of_zero(std::span<const double> values);

struct Estimate {
  double value = 0;   ///< of the data themselves
  Interval interval;  ///< NaN for fewer than two songs, which say nothing of other songs
};

/// Mean accuracy over the seeds of one arm.
Estimate bootstrap_accuracy(const ScoreTable& arm, const BootstrapOptions& options);

/// Mean over seeds of accuracy(arm) - accuracy(reference), the same songs and seeds drawn in both.
Estimate bootstrap_difference(const ScoreTable& arm, const ScoreTable& reference,
                              const BootstrapOptions& options);

}  // namespace mofi
