#pragma once
// Sweeps whose truth is known: songs differ in difficulty, arms in what they find difficult, and every
// training has luck. A clip is answered right with the chance
//   skill + song + song for this arm + fold for this arm + seed for this arm + fold and seed for this arm.
// Songs' parts are uniform (a chance stays between 0 and 1, and the mean is the skill), the others normal.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "statistics/comparison.h"

namespace mofi {

struct SimulatedWorld {
  int songs = 100, folds = 1, seeds = 5;
  double skill = 0.55;
  double song_sd = 0.2, arm_song_sd = 0.05;
  double fold_sd = 0, seed_sd = 0.015, run_sd = 0.01;
};

struct SimulatedArm {
  ScoreTable table;
  std::vector<double> accuracy;  ///< [folds, seeds] of single runs
};

/// Every entity has a stream of its own, so the arms of one trial share songs and their clips: 1 to 5 each.
inline SimulatedArm simulate(const SimulatedWorld& world, std::uint64_t trial, std::uint64_t arm) {
  const auto songs = static_cast<std::size_t>(world.songs), folds = static_cast<std::size_t>(world.folds),
             seeds = static_cast<std::size_t>(world.seeds);
  const auto normal = [&](const char* what, std::uint64_t a, std::uint64_t b = 0) {
    return RandomStream(trial * 1000 + arm, what, a, b).normal();
  };
  SimulatedArm simulated;
  ScoreTable& table = simulated.table;
  for (std::size_t seed = 0; seed < seeds; ++seed) table.seeds.push_back(static_cast<std::int64_t>(seed));
  std::vector<double> luck(folds * seeds), right(folds * seeds, 0.0), scored(folds * seeds, 0.0);
  for (std::size_t fold = 0; fold < folds; ++fold)
    for (std::size_t seed = 0; seed < seeds; ++seed)
      luck[fold * seeds + seed] = world.fold_sd * normal("fold", fold) +
                                  world.seed_sd * normal("seed", seed) +
                                  world.run_sd * normal("run", fold, seed);
  const auto uniform = [](RandomStream stream, double sd) {
    return sd * std::sqrt(12.0) * (stream.uniform() - 0.5);
  };
  for (std::size_t song = 0; song < songs; ++song) {
    table.songs.push_back(std::to_string(song));
    const int clips = RandomStream(trial, "clips", song).between(1, 5);
    const double chance = world.skill + uniform(RandomStream(trial, "song", song), world.song_sd) +
                          uniform(RandomStream(trial * 1000 + arm, "arm's song", song), world.arm_song_sd);
    RandomStream answers(trial * 1000 + arm, "answers", song);
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const std::size_t run = song % folds * seeds + seed;
      double correct = 0;
      for (int clip = 0; clip < clips; ++clip) correct += answers.uniform() < chance + luck[run] ? 1 : 0;
      table.correct.push_back(correct);
      table.scored.push_back(clips);
      right[run] += correct;
      scored[run] += clips;
    }
  }
  for (std::size_t run = 0; run < right.size(); ++run) simulated.accuracy.push_back(right[run] / scored[run]);
  return simulated;
}

inline std::vector<RunPair> run_pairs(const SimulatedArm& arm, const SimulatedArm& reference, int seeds) {
  std::vector<RunPair> pairs;
  for (std::size_t run = 0; run < arm.accuracy.size(); ++run)
    pairs.push_back({static_cast<std::int64_t>(run) / seeds, arm.accuracy[run], reference.accuracy[run]});
  return pairs;
}

inline double test_to_train(const SimulatedWorld& world) {
  return world.folds > 1 ? 1.0 / (world.folds - 1) : std::nan("");
}

/// How often intervals hold the truth: of the accuracy of one arm, and of the paired difference of two whose
/// skills are 5 points apart. Resamples are 500; each world has others.
struct Coverage {
  double accuracy = 0, difference = 0;              ///< shares of worlds
  double accuracy_width = 0, difference_width = 0;  ///< mean half width
};

inline Coverage measure_coverage(const SimulatedWorld& world, int worlds, std::uint64_t first = 0) {
  constexpr double kGap = 0.05;
  Coverage coverage;
  SimulatedWorld better = world;
  better.skill += kGap;
  for (int i = 0; i < worlds; ++i) {
    const std::uint64_t trial = first + static_cast<std::uint64_t>(i);
    const ScoreTable reference = simulate(world, trial, 0).table, arm = simulate(better, trial, 1).table,
                     gain = gain_table(arm, reference);
    const ScoreTable* const tables[] = {&reference, &gain};
    const auto draws = resampled_means(tables, {.resamples = 500, .seed = trial});
    const Interval accuracy = percentile_interval(draws[0], 0.95),
                   difference = percentile_interval(draws[1], 0.95);
    coverage.accuracy += (accuracy.low <= world.skill && world.skill <= accuracy.high ? 1.0 : 0.0) / worlds;
    coverage.difference += (difference.low <= kGap && kGap <= difference.high ? 1.0 : 0.0) / worlds;
    coverage.accuracy_width += (accuracy.high - accuracy.low) / 2 / worlds;
    coverage.difference_width += (difference.high - difference.low) / 2 / worlds;
  }
  return coverage;
}

}  // namespace mofi
