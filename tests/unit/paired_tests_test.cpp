#include "statistics/paired_tests.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden/statistics_numbers.h"
#include "simulated_world.h"
#include "statistics/best.h"
#include "statistics/comparison.h"
#include "statistics/power.h"
#include "statistics/summary.h"

namespace mofi {
namespace {

using namespace golden;

// Darwin's cross-fertilised less self-fertilised plants, in eighths of an inch (Fisher, The Design of
// Experiments, 1935, sections 17 and 21): t = 2.148 of 14 degrees; 863 of 32,768 choices of signs have a sum
// as large as theirs.
const std::vector<std::int64_t> kDarwin = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

TEST(PairedTests, t_and_permutation_are_those_that_fisher_published) {
  const std::vector<double> inches(kDarwin.begin(), kDarwin.end());
  const PairedT test = corrected_paired_t(inches, 0);
  EXPECT_NEAR(test.t, 2.148, 5e-4);
  EXPECT_NEAR(test.p, 0.0497, 5e-5);
  EXPECT_NEAR(sign_flip_p(kDarwin), 2 * 863 / 32768.0, 1e-12);
}

TEST(PairedTests, t_agrees_with_scipy) {
  const PairedT plain = corrected_paired_t(kDifferences, 0),
                corrected = corrected_paired_t(kDifferences, 1.0 / 4);
  EXPECT_NEAR(plain.t, kPairedT, 1e-12);
  EXPECT_NEAR(plain.p, kPairedP, 1e-12);
  EXPECT_NEAR(corrected.t, kCorrectedT, 1e-12);
  EXPECT_NEAR(corrected.p, kCorrectedP, 1e-12);
  EXPECT_EQ(corrected.degrees, 14);
}

TEST(PairedTests, t_of_one_difference_is_undefined_and_of_equal_ones_certain) {
  EXPECT_TRUE(std::isnan(corrected_paired_t(std::vector<double>{0.1}, 0.25).p));
  EXPECT_EQ(corrected_paired_t(std::vector<double>{0.0, 0.0}, 0.25).p, 1);
  EXPECT_EQ(corrected_paired_t(std::vector<double>{0.5, 0.5}, 0.25).p, 0);
}

TEST(PairedTests, permutation_by_songs_agrees_with_scipys_exact_one) {
  EXPECT_NEAR(sign_flip_p(kSongDifferences), kSignFlipP, 1e-12);
}

TEST(PairedTests, permutation_is_exact_for_many_songs) {
  // 400 songs of one unit: a binomial distribution, whose tails scipy knows: 2 binom.cdf(170, 400, 0.5).
  std::vector<std::int64_t> songs(400, 3);
  std::fill(songs.begin(), songs.begin() + 170, -3);
  EXPECT_NEAR(sign_flip_p(songs), 2 * 0.0015645080634072589, 1e-12);
  EXPECT_EQ(sign_flip_p(std::vector<std::int64_t>{2, -2, 0}), 1);
  EXPECT_EQ(sign_flip_p({}), 1);
}

TEST(PairedTests, mcnemars_test_agrees_with_scipys_binomial_and_a_published_table) {
  EXPECT_NEAR(mcnemar_p(7, 18), kMcNemarP, 1e-12);
  EXPECT_NEAR(mcnemar_p(150, 86), kMcNemarApprovalP, 1e-12);  // Agresti: z^2 = 17.36
  EXPECT_EQ(mcnemar_p(5, 5), 1);
  EXPECT_EQ(mcnemar_p(0, 0), 1);
}

TEST(PairedTests, holms_adjustment_is_a_step_down_and_leaves_out_what_was_not_compared) {
  const std::vector<double> adjusted = holm(kPValues);
  ASSERT_EQ(adjusted.size(), kHolm.size());
  for (std::size_t i = 0; i < kHolm.size(); ++i) EXPECT_NEAR(adjusted[i], kHolm[i], 1e-12);
  const std::vector<double> with_gap = holm(std::vector<double>{0.03, std::nan(""), 0.01});
  EXPECT_DOUBLE_EQ(with_gap[0], 0.03);
  EXPECT_TRUE(std::isnan(with_gap[1]));
  EXPECT_DOUBLE_EQ(with_gap[2], 0.02);
}

TEST(PairedTests, chance_of_improvement_is_mann_and_whitneys_u) {
  EXPECT_DOUBLE_EQ(probability_of_improvement(std::vector<double>{0.61, 0.64, 0.63, 0.60, 0.66},
                                              std::vector<double>{0.60, 0.62, 0.59, 0.63}),
                   kImprovement);
}

TEST(PairedTests, interquartile_mean_is_scipys_trimmed_one) {
  EXPECT_NEAR(interquartile_mean(kValues), kInterquartileMean, 1e-12);
  EXPECT_DOUBLE_EQ(interquartile_mean({1, 2, 6}), 3);
}

TEST(Power, agrees_with_scipys_noncentral_t) {
  EXPECT_NEAR(power_of_t(2.5, 1, 20, 0.05), kPower20Degrees, 1e-9);
  EXPECT_NEAR(power_of_t(-3.25 * 0.02, 0.02, 7.5, 0.01), kPower7Degrees, 1e-9);
  EXPECT_NEAR(detectable_gap(0.5, 12, 0.05, 0.8), 0.5 * kGapOf12Degrees, 1e-9);
  EXPECT_DOUBLE_EQ(power_of_t(0, 1, 20, 0.05), 0.05);
}

// The specification's figure: 15 % of clips discordant, one seed, songs of one clip: 2.3 points of 1,078
// clips.
TEST(Power, of_a_cross_validation_is_the_textbooks) {
  const VarianceParts parts{.songs = 0.15 / 1078, .song_count = 1078, .seed_count = 1};
  EXPECT_NEAR(detectable_gap(parts, 0.05, 0.8), 0.033, 0.0005);
}

TEST(Power, more_seeds_help_only_as_far_as_seeds_are_the_cause) {
  const VarianceParts seeds{.songs = 1e-6, .seeds = 2e-4, .noise = 1e-6, .song_count = 300, .seed_count = 5};
  const double gap = detectable_gap(seeds, 0.05, 0.8);
  const auto needed = seeds_needed(seeds, gap / 2, 0.05, 0.8);
  ASSERT_TRUE(needed);
  EXPECT_LE(detectable_gap(with_seeds(seeds, *needed), 0.05, 0.8), gap / 2);
  EXPECT_GT(detectable_gap(with_seeds(seeds, *needed - 1), 0.05, 0.8), gap / 2);

  const VarianceParts songs{.songs = 2e-4, .seeds = 1e-6, .noise = 1e-6, .song_count = 300, .seed_count = 5};
  const double large = detectable_gap(songs, 0.05, 0.8);
  EXPECT_FALSE(seeds_needed(songs, large / 2, 0.05, 0.8));
  EXPECT_GT(*songs_needed(songs, large / 2, 0.05, 0.8), 1100U);
  EXPECT_LT(*songs_needed(songs, large / 2, 0.05, 0.8), 1300U);
}

// A true gap of the size that is said to be seen in 80 of 100 worlds is seen about so often.
TEST(Power, the_gap_that_can_be_seen_is_seen_as_often_as_is_said) {
  constexpr int kWorlds = 200;
  const SimulatedWorld world{.songs = 80, .seeds = 8};
  double gap = 0;
  for (std::uint64_t trial = 0; trial < 50; ++trial)
    gap += detectable_gap(
               variance_parts(gain_table(simulate(world, trial, 1).table, simulate(world, trial, 0).table)),
               0.05, 0.8) /
           50;
  SimulatedWorld better = world;
  better.skill += gap;
  int seen = 0;
  for (std::uint64_t trial = 100; trial < 100 + kWorlds; ++trial)
    seen += bootstrap_difference(simulate(better, trial, 1).table, simulate(world, trial, 0).table,
                                 {.resamples = 400, .seed = trial})
                        .interval.low > 0
                ? 1
                : 0;
  EXPECT_NEAR(static_cast<double>(seen) / kWorlds, 0.8, 0.09);  // 3 standard errors
}

/// 13 layers and no injection, all of one simulated sweep.
constexpr std::size_t kLayers = 13;
std::vector<SimulatedArm> simulate_layers(const std::vector<double>& gains, const SimulatedWorld& world,
                                          std::uint64_t trial) {
  std::vector<SimulatedArm> arms = {simulate(world, trial, 0)};
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    SimulatedWorld own = world;
    own.skill += gains[layer];
    arms.push_back(simulate(own, trial, layer + 1));
  }
  return arms;
}

/// Every layer against no injection, adjusted: what songs and seeds say, and Nadeau and Bengio's test.
struct Adjusted {
  std::vector<double> songs_and_seeds, folds;
};

Adjusted holm_of(const std::vector<SimulatedArm>& arms, const SimulatedWorld& world, std::uint64_t trial) {
  std::vector<ScoreTable> gains;
  std::vector<const ScoreTable*> tables;
  for (std::size_t arm = 1; arm < arms.size(); ++arm)
    gains.push_back(gain_table(arms[arm].table, arms[0].table));
  for (const ScoreTable& gain : gains) tables.push_back(&gain);
  // Fewer resamples could not tell a p that 13 comparisons leave below .05.
  auto draws = resampled_means(tables, {.resamples = 2000, .seed = trial});
  Adjusted p;
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    const Comparison c = compare(gains[layer], std::move(draws[layer]), 0.95,
                                 run_pairs(arms[layer + 1], arms[0], world.seeds), test_to_train(world));
    p.songs_and_seeds.push_back(c.p());
    p.folds.push_back(c.corrected.p);
  }
  return {holm(p.songs_and_seeds), holm(p.folds)};
}

bool alarm(const std::vector<double>& p) {
  return std::any_of(p.begin(), p.end(), [](double one) { return one <= 0.05; });
}

/// Accuracies of the layers, and their joint resamples.
struct Contenders {
  std::vector<double> values;
  std::vector<std::vector<double>> draws;
};

Contenders contenders(const std::vector<SimulatedArm>& arms, std::uint64_t trial) {
  Contenders of;
  std::vector<const ScoreTable*> tables;
  for (std::size_t arm = 1; arm < arms.size(); ++arm) {
    tables.push_back(&arms[arm].table);
    of.values.push_back(mean_accuracy(arms[arm].table));
  }
  of.draws = resampled_means(tables, {.resamples = 400, .seed = trial});
  return of;
}

// Of 13 layers that are equal to no injection, none is called different in at least 95 of 100 sweeps.
TEST(FamilyOfLayers, of_equal_layers_raises_a_false_alarm_in_at_most5_of_hundred_sweeps) {
  constexpr int kSweeps = 150;
  for (const SimulatedWorld& world : {SimulatedWorld{.songs = 60, .folds = 1, .seeds = 5},
                                      SimulatedWorld{.songs = 60, .folds = 5, .seeds = 5}}) {
    int alarms = 0, of_folds = 0;
    for (std::uint64_t trial = 0; trial < kSweeps; ++trial) {
      const Adjusted p =
          holm_of(simulate_layers(std::vector<double>(kLayers, 0.0), world, trial), world, trial);
      alarms += alarm(p.songs_and_seeds) ? 1 : 0;
      of_folds += alarm(p.folds) ? 1 : 0;
    }
    // 5 % of 150 are 7.5 ± 2.7
    EXPECT_LE(alarms, 12) << world.folds << " folds";
    EXPECT_LE(of_folds, 12) << world.folds << " folds";
  }
}

// Where training sets make arms better or worse, songs and seeds do not show it, but Nadeau and Bengio's test
// does.
TEST(FamilyOfLayers, luck_of_training_sets_is_told_from_a_gain_by_the_corrected_test_alone) {
  constexpr int kSweeps = 100;
  const SimulatedWorld world{.songs = 200, .folds = 5, .seeds = 5, .fold_sd = 0.03};
  int alarms = 0, of_folds = 0;
  for (std::uint64_t trial = 0; trial < kSweeps; ++trial) {
    const Adjusted p =
        holm_of(simulate_layers(std::vector<double>(kLayers, 0.0), world, trial), world, trial);
    alarms += alarm(p.songs_and_seeds) ? 1 : 0;
    of_folds += alarm(p.folds) ? 1 : 0;
  }
  EXPECT_GT(alarms, 12);
  EXPECT_LE(of_folds, 11);  // 5 ± 2.2
}

TEST(FamilyOfLayers, a_layer_that_helps_is_found) {
  int found = 0, over_folds = 0;
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    std::vector<double> gains(kLayers, 0.0);
    gains[0] = 0.13;
    const SimulatedWorld world{.songs = 150, .folds = 5, .seeds = 5};
    const Adjusted p = holm_of(simulate_layers(gains, world, trial), world, trial);
    found += p.songs_and_seeds[0] <= 0.05 ? 1 : 0;
    over_folds += p.folds[0] <= 0.05 ? 1 : 0;
  }
  EXPECT_GE(found, 17);
  EXPECT_LT(over_folds, found);  // the price of allowing for other training sets
}

TEST(FamilyOfLayers, the_set_that_cannot_be_told_from_the_best_holds_it_in_about95_of_hundred_sweeps) {
  constexpr int kSweeps = 150;
  int held = 0, members = 0;
  for (std::uint64_t trial = 0; trial < kSweeps; ++trial) {
    std::vector<double> gains;
    for (int layer = 0; layer < 13; ++layer) gains.push_back(layer == 4 ? 0.03 : layer < 8 ? 0.02 : -0.06);
    const Contenders layers =
        contenders(simulate_layers(gains, {.songs = 150, .folds = 5, .seeds = 5}, trial), trial);
    const std::vector<bool> set = confidence_set(layers.values, layers.draws, 0.95);
    held += set[4] ? 1 : 0;
    members += static_cast<int>(std::count(set.begin(), set.end(), true));
  }
  EXPECT_GE(held, 0.95 * kSweeps - 8);  // 3 standard errors
  EXPECT_LT(members, 11 * kSweeps);     // and leaves out most of the five that are much worse
}

TEST(FamilyOfLayers, chances_of_being_best_sum_to_one_and_go_by_what_is_best) {
  std::vector<double> gains(kLayers, 0.0);
  gains[2] = 0.2;
  const Contenders layers = contenders(simulate_layers(gains, {.songs = 150, .folds = 5, .seeds = 5}, 1), 1);
  const std::vector<double> chances = probability_of_best(layers.draws);
  double sum = 0;
  for (const double chance : chances) sum += chance;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_GT(chances[2], 0.99);
  const std::vector<bool> set = confidence_set(layers.values, layers.draws, 0.95);
  EXPECT_EQ(std::count(set.begin(), set.end(), true), 1);
  EXPECT_TRUE(set[2]);
}

TEST(FamilyOfLayers, arms_that_are_one_and_the_same_share_the_chance_and_stay_in_the_set) {
  const ScoreTable table = simulate({}, 1, 0).table;
  const ScoreTable* const twins[] = {&table, &table};
  const auto draws = resampled_means(twins, {.resamples = 100});
  EXPECT_EQ(probability_of_best(draws), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(confidence_set(std::vector<double>{0.5, 0.5}, draws, 0.95), (std::vector<bool>{true, true}));
}

}  // namespace
}  // namespace mofi
