#include "report/ablation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "statistics/scores.h"
#include "statistics/summary.h"

namespace mofi {
namespace {

/// What one seed of an arm scored, over its folds and the splits that count.
struct SeedPool {
  Scores scores;
  ScoreBySong by_song;
  std::set<std::tuple<std::uint32_t, std::uint32_t, int>> clips;  ///< piece, song, label
};
using Pools = std::map<std::int64_t, SeedPool>;

bool contains(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

class Pooling {
 public:
  Pooling(const Names& names, const AblationOptions& options, bool cross_validated)
      : names_(names), options_(options), cross_validated_(cross_validated) {}

  Pools operator()(const std::vector<const Run*>& runs) const {
    Pools pools;
    for (const Run* run : runs)
      add(*run,
          pools
              .try_emplace(run->seed, SeedPool{Scores(ConfusionMatrix(run->classes, run->quadrants)), {}, {}})
              .first->second);
    return pools;
  }

 private:
  void add(const Run& run, SeedPool& pool) const {
    if (run.classes != pool.scores.confusion.classes)
      fail(ExitCode::kData, "{}: has {} classes, another run of its configuration has {}", run.folder,
           run.classes, pool.scores.confusion.classes);
    const std::vector<std::string> splits = scored_splits(run, options_, cross_validated_);
    for (const PieceOutcome& outcome : run.outcomes) {
      if (!contains(splits, names_.name(outcome.split))) continue;
      if (!pool.clips.emplace(outcome.piece, outcome.song, outcome.label).second)
        fail(ExitCode::kData,
             "{}: scores piece {}, which another fold of seed {} has scored already; folds must not overlap",
             run.folder, names_.name(outcome.piece), run.seed);
      pool.scores.add(outcome.label, outcome.predicted, outcome.mode);
      SongScore& song = pool.by_song[names_.name(outcome.song)];
      ++song.scored;
      song.correct += outcome.label == outcome.predicted ? 1 : 0;
    }
  }

  const Names& names_;
  const AblationOptions& options_;
  bool cross_validated_;
};

ScoreTable score_table(const Pools& pools) {
  std::map<std::int64_t, ScoreBySong> by_seed;
  for (const auto& [seed, pool] : pools) by_seed[seed] = pool.by_song;
  return make_score_table(by_seed);
}

template <class Metric>
Spread spread(const Pools& pools, Metric metric) {
  std::vector<double> values;
  for (const auto& [seed, pool] : pools) values.push_back(metric(pool.scores));
  return {mean(values), sample_sd(values)};
}

ArmResult summarise(const Pools& pools, const BootstrapOptions& options) {
  ArmResult result;
  for (const auto& [seed, pool] : pools) {
    const std::int64_t clips = pool.scores.confusion.total();
    result.fewest_clips = result.seeds.empty() ? clips : std::min(result.fewest_clips, clips);
    result.most_clips = std::max(result.most_clips, clips);
    result.seeds.push_back(seed);
  }
  const ScoreTable table = score_table(pools);
  result.songs = table.songs.size();
  result.accuracy = spread(pools, [](const Scores& s) { return accuracy(s.confusion); });
  result.macro_f1 = spread(pools, [](const Scores& s) { return macro_f1(s.confusion); });
  result.weighted_f1 = spread(pools, [](const Scores& s) { return weighted_f1(s.confusion); });
  result.valence_accuracy = spread(pools, [](const Scores& s) { return valence_accuracy(s.confusion); });
  result.arousal_accuracy = spread(pools, [](const Scores& s) { return arousal_accuracy(s.confusion); });
  result.mode_agreement = spread(pools, mode_agreement);
  result.accuracy_interval = bootstrap_accuracy(table, options).interval;
  return result;
}

std::pair<std::int64_t, std::int64_t> seed_and_fold(const Run& run) {
  return {run.seed, run.fold.value_or(-1)};
}

/// The runs of `arm` whose seed and fold `other` has as well.
std::vector<const Run*> shared_runs(const Arm& arm, const Arm& other) {
  std::vector<const Run*> shared;
  for (const Run* run : arm.runs)
    if (std::any_of(other.runs.begin(), other.runs.end(),
                    [run](const Run* twin) { return seed_and_fold(*run) == seed_and_fold(*twin); }))
      shared.push_back(run);
  return shared;
}

/// Nothing when the arms share no seed, or did not score the same clips with it.
std::optional<Difference> compare(const Arm& arm, const Arm& reference, const Pooling& pool,
                                  const BootstrapOptions& options) {
  const Pools of_arm = pool(shared_runs(arm, reference));
  const Pools of_reference = pool(shared_runs(reference, arm));
  if (of_arm.empty()) return {};
  Difference difference;
  for (const auto& [seed, scored] : of_arm) {
    if (scored.clips != of_reference.at(seed).clips) return {};
    difference.seeds.push_back(seed);
  }
  difference.accuracy = bootstrap_difference(score_table(of_arm), score_table(of_reference), options);
  return difference;
}

/// The arm that leads every other one beyond doubt, or nothing (design, rule 8).
std::optional<std::size_t> best_arm(const Ablation& ablation, const Pooling& pool,
                                    const BootstrapOptions& options) {
  const std::size_t arms = ablation.results.size();
  if (arms < 2) return {};
  const auto leads = [&](std::size_t a, std::size_t b) {
    return ablation.results[a].accuracy.mean > ablation.results[b].accuracy.mean;
  };
  std::size_t first = 0;
  for (std::size_t i = 1; i < arms; ++i) first = leads(i, first) ? i : first;

  BootstrapOptions corrected = options;
  corrected.level = 1 - (1 - options.level) / static_cast<double>(arms - 1);
  constexpr double kTailResamples = 5;  // fewer resamples beyond the quantile do not tell where it is
  if (options.resamples * (1 - corrected.level) / 2 < kTailResamples) return {};
  for (std::size_t other = 0; other < arms; ++other) {
    if (other == first) continue;
    const auto lead = compare(ablation.set.arms[first], ablation.set.arms[other], pool, corrected);
    if (!lead || !(lead->accuracy.interval.low > 0)) return {};
  }
  return first;
}

/// Seeds that lack folds which others have.
std::vector<std::string> missing_folds(const ArmSet& set) {
  std::set<std::int64_t> all;
  for (const Arm& arm : set.arms)
    for (const Run* run : arm.runs) all.insert(run->fold.value_or(-1));
  std::vector<std::string> sentences;
  for (const Arm& arm : set.arms) {
    std::map<std::int64_t, std::set<std::int64_t>> by_seed;
    for (const Run* run : arm.runs) by_seed[run->seed].insert(run->fold.value_or(-1));
    for (const auto& [seed, folds] : by_seed) {
      std::vector<std::int64_t> missing;
      std::set_difference(all.begin(), all.end(), folds.begin(), folds.end(), std::back_inserter(missing));
      if (!missing.empty())
        sentences.push_back(fmt::format("Incomplete: {}, seed {} has no finished run of fold {}.",
                                        label(set, arm), seed, fmt::join(missing, ", ")));
    }
  }
  return sentences;
}

}  // namespace

std::vector<std::string> scored_splits(const Run& run, const AblationOptions& options, bool cross_validated) {
  if (!options.splits.empty()) return options.splits;
  if (cross_validated && contains(run.evaluate, "test")) return {"test"};
  return run.evaluate;
}

Ablation ablate(const RunSet& runs, const AblationOptions& options) {
  Ablation ablation;
  ablation.set = group_arms(runs.runs);
  const ArmSet& set = ablation.set;
  const Pooling pool(runs.names, options, set.cross_validated);
  ablation.gaps = missing_folds(set);

  for (const Run& run : runs.runs)
    for (const std::string& split : scored_splits(run, options, set.cross_validated))
      if (!contains(ablation.splits, split)) ablation.splits.push_back(split);

  for (const Arm& arm : set.arms) ablation.results.push_back(summarise(pool(arm.runs), options.bootstrap));

  const auto baselines = find_baselines(set, options.baseline);
  for (std::size_t i = 0; i < set.arms.size(); ++i) {
    if (!baselines[i]) continue;
    ArmResult& result = ablation.results[i];
    result.is_baseline = *baselines[i] == i;
    if (result.is_baseline) continue;
    const Arm& reference = set.arms[*baselines[i]];
    result.difference = compare(set.arms[i], reference, pool, options.bootstrap);
    if (!result.difference)
      ablation.gaps.push_back(
          fmt::format("Not compared: {} and {} share no seed with which both scored the same clips.",
                      label(set, set.arms[i]), label(set, reference)));
    else if (result.difference->seeds.size() < result.seeds.size())
      ablation.gaps.push_back(fmt::format("The difference of {} is over the seeds {} that {} has as well.",
                                          label(set, set.arms[i]), fmt::join(result.difference->seeds, ", "),
                                          label(set, reference)));
  }
  ablation.best = best_arm(ablation, pool, options.bootstrap);
  return ablation;
}

}  // namespace mofi
