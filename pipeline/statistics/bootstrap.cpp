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

/// The mean of what is defined.
double mean_of_defined(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  return mean(values);
}

/// `lowest`: of what the table's counts allow, 0 for right answers, -1 for differences of them. Adding a
/// seed's effect to songs it is not from can lead beyond what is possible, and is cut off there.
Estimate bootstrap_mean(const ScoreTable& arm, double lowest, const BootstrapOptions& options) {
  const std::vector<double> every_song(arm.songs.size(), 1.0);
  Estimate estimate{mean_accuracy(arm, every_song), {kUndefined, kUndefined}};
  if (arm.songs.size() < 2) return estimate;

  const std::vector<double> effects = seed_effects(arm);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(options.resamples));
  for_each_resample(arm.seeds.size(), arm.songs.size(), options, [&](const Resample& resample) {
    double luck = 0;
    for (std::size_t seed = 0; seed < effects.size(); ++seed)
      luck += resample.seed_weight[seed] * effects[seed];
    const double value =
        mean_accuracy(arm, resample.song_weight) + luck / static_cast<double>(effects.size());
    if (!std::isnan(value)) values.push_back(std::clamp(value, lowest, 1.0));
  });
  estimate.interval = percentile_interval(std::move(values), options.level);
  return estimate;
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

void for_each_resample(std::size_t seeds, std::size_t songs, const BootstrapOptions& options,
                       const std::function<void(const Resample&)>& use) {
  if (options.resamples < 1 || !(options.level > 0 && options.level < 1))
    fail(ExitCode::kUsage,
         "a bootstrap needs at least one resample and a level between 0 and 1, not {} and {}",
         options.resamples, options.level);
  std::vector<double> seed_weight(seeds), song_weight(songs);
  for (int i = 0; i < options.resamples; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    draw(RandomStream(options.seed, "bootstrap songs", number), song_weight);
    draw(RandomStream(options.seed, "bootstrap seeds", number), seed_weight);
    use({seed_weight, song_weight});
  }
}

double mean_accuracy(const ScoreTable& table, std::span<const double> song_weight) {
  return mean_of_defined(accuracy_by_seed(table, song_weight));
}

std::vector<double> seed_effects(const ScoreTable& table) {
  std::vector<double> effects(table.seeds.size(), 0.0);
  if (effects.size() < 2) return effects;
  const std::vector<double> every_song(table.songs.size(), 1.0);
  const std::vector<double> accuracies = accuracy_by_seed(table, every_song);
  const double centre = mean_of_defined(accuracies);
  const auto seeds = static_cast<double>(effects.size());
  for (std::size_t i = 0; i < effects.size(); ++i)
    if (!std::isnan(accuracies[i])) effects[i] = (accuracies[i] - centre) * std::sqrt(seeds / (seeds - 1));
  return effects;
}

Interval percentile_interval(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

Estimate bootstrap_accuracy(const ScoreTable& arm, const BootstrapOptions& options) {
  return bootstrap_mean(arm, 0.0, options);
}

Estimate bootstrap_difference(const ScoreTable& arm, const ScoreTable& reference,
                              const BootstrapOptions& options) {
  if (arm.seeds != reference.seeds || arm.songs != reference.songs || arm.scored != reference.scored)
    fail(ExitCode::kInternal, "a paired difference needs two arms with the same seeds, songs and clips");
  ScoreTable gain = arm;  // the difference of the counts is resampled as a count itself
  for (std::size_t i = 0; i < gain.correct.size(); ++i) gain.correct[i] -= reference.correct[i];
  return bootstrap_mean(gain, -1.0, options);
}

}  // namespace mofi
