#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/random.h"
#include "statistics/summary.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// How often each of `weights.size()` items is drawn in as many draws with replacement.
void draw(RandomStream stream, std::vector<double>& weights) {
  std::fill(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < weights.size(); ++i)
    ++weights[stream.below(static_cast<std::uint32_t>(weights.size()))];
}

/// Per seed, sum over songs of weight times value. Whole numbers, so exact in any order.
std::vector<double> sums_by_seed(const std::vector<double>& values, std::size_t seeds,
                                 std::span<const double> song_weight) {
  std::vector<double> sums(seeds, 0.0);
  for (std::size_t song = 0; song < song_weight.size(); ++song) {
    if (song_weight[song] == 0) continue;
    const double* of_song = values.data() + song * seeds;
    for (std::size_t seed = 0; seed < seeds; ++seed) sums[seed] += song_weight[song] * of_song[seed];
  }
  return sums;
}

/// Every seed's accuracy on the drawn songs; NaN for one none of whose songs were drawn.
std::vector<double> accuracy_by_seed(const ScoreTable& table, std::span<const double> song_weight) {
  std::vector<double> accuracies = sums_by_seed(table.correct, table.seeds.size(), song_weight);
  const std::vector<double> scored = sums_by_seed(table.scored, table.seeds.size(), song_weight);
  for (std::size_t seed = 0; seed < accuracies.size(); ++seed)
    accuracies[seed] = scored[seed] == 0 ? kUndefined : accuracies[seed] / scored[seed];
  return accuracies;
}

std::vector<double> accuracy_by_seed(const ScoreTable& table) {
  return accuracy_by_seed(table, std::vector<double>(table.songs.size(), 1.0));
}

/// The mean of what is defined.
double mean_of_defined(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  return mean(values);
}

/// Chi-squared over its degrees of freedom, which is 1 in the mean. Chi-squared is twice a gamma variable of
/// half as many degrees (Marsaglia and Tsang, ACM Transactions on Mathematical Software 26, 2000; below shape
/// 1 by their power of a uniform number).
double mean_square(RandomStream& stream, double degrees) {
  const double wanted = degrees / 2, shape = wanted < 1 ? wanted + 1 : wanted;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double z = stream.normal(), root = 1 + c * z, v = root * root * root;
    const double u = 1 - stream.uniform();
    if (root <= 0 || std::log(u) >= 0.5 * z * z + d - d * v + d * std::log(v)) continue;
    const double power = wanted < 1 ? std::pow(1 - stream.uniform(), 1 / wanted) : 1;
    return 2 * d * v * power / degrees;
  }
}

/// A table reduced to what a resample needs of it.
struct Resampled {
  explicit Resampled(const ScoreTable& of) : table(of), value(mean_accuracy(of)) {
    const std::size_t seeds = of.seeds.size();
    const VarianceParts parts = variance_parts(of);
    const double kept = parts.seeds > 0 ? std::sqrt(parts.seed_luck() / parts.seeds) : 0;
    for (const double accuracy : accuracy_by_seed(of))
      effects.push_back(std::isnan(accuracy) ? 0 : kept * (accuracy - value));
    balanced = true;
    for (std::size_t song = 0; song < of.songs.size(); ++song) {
      const double* scored = of.scored.data() + song * seeds;
      const double* correct = of.correct.data() + song * seeds;
      balanced = balanced && std::all_of(scored, scored + seeds, [&](double n) { return n == scored[0]; });
      song_scored.push_back(static_cast<double>(seeds) * scored[0]);
      double sum = 0;
      for (std::size_t seed = 0; seed < seeds; ++seed) sum += correct[seed];
      song_correct.push_back(sum);
    }
  }

  /// Where every seed scored the same clips, the mean of accuracies is the accuracy of the sums.
  double on(std::span<const double> song_weight) const {
    if (!balanced) return mean_of_defined(accuracy_by_seed(table, song_weight));
    double correct = 0, scored = 0;
    for (std::size_t song = 0; song < song_weight.size(); ++song) {
      correct += song_weight[song] * song_correct[song];
      scored += song_weight[song] * song_scored[song];
    }
    return scored == 0 ? kUndefined : correct / scored;
  }

  const ScoreTable& table;
  double value;
  std::vector<double> effects;  ///< of seeds, less noise
  bool balanced;
  std::vector<double> song_correct, song_scored;  ///< over all seeds
};

void require_sense(const BootstrapOptions& options) {
  if (options.resamples < 1 || !(options.level > 0 && options.level < 1))
    fail(ExitCode::kUsage,
         "a bootstrap needs at least one resample and a level between 0 and 1, not {} and {}",
         options.resamples, options.level);
}

Estimate bootstrap_mean(const ScoreTable& table, const BootstrapOptions& options) {
  const ScoreTable* const one[] = {&table};
  return {mean_accuracy(table), percentile_interval(resampled_means(one, options).front(), options.level)};
}

}  // namespace

ScoreTable make_score_table(const std::map<std::int64_t, ScoreBySong>& by_seed) {
  std::set<std::string> songs;
  for (const auto& [seed, by_song] : by_seed)
    for (const auto& [song, score] : by_song) songs.insert(song);

  ScoreTable table;
  table.songs.assign(songs.begin(), songs.end());
  table.correct.assign(songs.size() * by_seed.size(), 0.0);
  table.scored = table.correct;
  for (const auto& [seed, by_song] : by_seed) {
    const std::size_t column = table.seeds.size();
    table.seeds.push_back(seed);
    for (const auto& [song, score] : by_song) {
      const auto row = std::lower_bound(table.songs.begin(), table.songs.end(), song) - table.songs.begin();
      const std::size_t cell = static_cast<std::size_t>(row) * by_seed.size() + column;
      table.correct[cell] = static_cast<double>(score.correct);
      table.scored[cell] = static_cast<double>(score.scored);
    }
  }
  return table;
}

bool same_shape(const ScoreTable& a, const ScoreTable& b) {
  return a.seeds == b.seeds && a.songs == b.songs && a.scored == b.scored;
}

ScoreTable gain_table(const ScoreTable& arm, const ScoreTable& reference) {
  if (!same_shape(arm, reference))
    fail(ExitCode::kInternal, "a paired difference needs two arms with the same seeds, songs and clips");
  ScoreTable gain = arm;
  for (std::size_t i = 0; i < gain.correct.size(); ++i) gain.correct[i] -= reference.correct[i];
  gain.least = -1;
  return gain;
}

double mean_accuracy(const ScoreTable& table) { return mean_of_defined(accuracy_by_seed(table)); }

double VarianceParts::seed_luck() const {
  if (seed_count < 2) return 0;
  return std::max(0.0, seeds - (1 - 1 / static_cast<double>(seed_count)) * noise);
}

double VarianceParts::degrees_of_freedom() const {
  const double luck = seed_luck();
  double parts = songs * songs / static_cast<double>(song_count - 1);
  if (luck > 0) parts += luck * luck / static_cast<double>(seed_count - 1);
  return parts == 0 ? static_cast<double>(song_count - 1) : total() * total() / parts;
}

VarianceParts variance_parts(const ScoreTable& table) {
  const std::size_t songs = table.songs.size(), seeds = table.seeds.size();
  VarianceParts parts{kUndefined, 0, 0, songs, seeds};
  if (songs < 2 || seeds == 0) return parts;
  const auto song_count = static_cast<double>(songs), seed_count = static_cast<double>(seeds);

  const std::vector<double> every_song(songs, 1.0), accuracies = accuracy_by_seed(table);
  const std::vector<double> scored = sums_by_seed(table.scored, seeds, every_song);
  std::vector<double> share(songs * seeds, 0.0), of_song(songs, 0.0);  // of a song in its seed's accuracy
  for (std::size_t song = 0; song < songs; ++song)
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const std::size_t cell = song * seeds + seed;
      if (scored[seed] > 0)
        share[cell] =
            (table.correct[cell] - table.scored[cell] * accuracies[seed]) * song_count / scored[seed];
      of_song[song] += share[cell] / seed_count;
    }
  double rows = 0, rest = 0;
  for (std::size_t song = 0; song < songs; ++song) {
    rows += of_song[song] * of_song[song];
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const double deviation = share[song * seeds + seed] - of_song[song];
      rest += deviation * deviation;
    }
  }
  parts.songs = rows / (song_count - 1) / song_count;
  std::vector<double> defined = accuracies;
  std::erase_if(defined, [](double accuracy) { return std::isnan(accuracy); });
  if (defined.size() < 2) return parts;
  const double sd = sample_sd(defined);
  parts.seeds = sd * sd / static_cast<double>(defined.size());
  parts.noise = rest / ((song_count - 1) * (seed_count - 1)) / (song_count * seed_count);
  return parts;
}

std::vector<std::vector<double>> resampled_means(std::span<const ScoreTable* const> tables,
                                                 const BootstrapOptions& options) {
  require_sense(options);
  std::vector<std::vector<double>> means(tables.size());
  if (tables.empty() || tables.front()->songs.size() < 2) return means;
  const std::size_t songs = tables.front()->songs.size(), seeds = tables.front()->seeds.size();
  std::vector<Resampled> reduced;
  for (const ScoreTable* table : tables) {
    if (table->songs.size() != songs || table->seeds.size() != seeds)
      fail(ExitCode::kInternal, "tables of unlike shape are not resampled together");
    reduced.emplace_back(*table);
  }
  for (std::vector<double>& of_table : means) of_table.reserve(static_cast<std::size_t>(options.resamples));

  const auto song_degrees = static_cast<double>(songs - 1), seed_degrees = static_cast<double>(seeds) - 1;
  std::vector<double> song_weight(songs), seed_weight(seeds, 0.0);
  for (int i = 0; i < options.resamples; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    draw(RandomStream(options.seed, "bootstrap songs", number), song_weight);
    RandomStream stretches(options.seed, "bootstrap spreads", number);
    const double stretch =
        std::sqrt(static_cast<double>(songs) / song_degrees / mean_square(stretches, song_degrees));
    if (seeds > 1) {
      RandomStream luck(options.seed, "bootstrap seeds", number);
      const double scale =
          1 / std::sqrt(static_cast<double>(seeds) * seed_degrees * mean_square(stretches, seed_degrees));
      for (double& weight : seed_weight) weight = scale * luck.normal();
    }
    for (std::size_t t = 0; t < reduced.size(); ++t) {
      const Resampled& table = reduced[t];
      double mean = table.value + stretch * (table.on(song_weight) - table.value);
      for (std::size_t seed = 0; seed < seeds; ++seed) mean += seed_weight[seed] * table.effects[seed];
      // A stretched deviation can lead beyond what is possible, and is cut off there.
      if (!std::isnan(mean)) means[t].push_back(std::clamp(mean, table.table.least, 1.0));
    }
  }
  return means;
}

Interval percentile_interval(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

double p_of_zero(std::span<const double> values) {
  if (values.empty()) return kUndefined;
  const auto not_above = std::count_if(values.begin(), values.end(), [](double v) { return v <= 0; });
  const auto not_below = std::count_if(values.begin(), values.end(), [](double v) { return v >= 0; });
  const auto fewer = static_cast<double>(std::min(not_above, not_below));
  return std::min(1.0, 2 * (fewer + 1) / (static_cast<double>(values.size()) + 1));
}

Estimate bootstrap_accuracy(const ScoreTable& arm, const BootstrapOptions& options) {
  return bootstrap_mean(arm, options);
}

Estimate bootstrap_difference(const ScoreTable& arm, const ScoreTable& reference,
                              const BootstrapOptions& options) {
  return bootstrap_mean(gain_table(arm, reference), options);
}

}  // namespace mofi
