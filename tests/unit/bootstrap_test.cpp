#include "statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"

namespace mofi {
namespace {

/// Scores of a world in which songs differ in difficulty and seeds in luck: a clip is answered right with
/// probability `skill` + song effect + seed effect.
struct World {
  double skill = 0.6, song_sd = 0.15, seed_sd = 0.02;
  int songs = 60, seeds = 5;
};
constexpr int kWorlds = 500;

/// Every entity has a stream of its own, so two arms of one `trial` share songs.
std::map<std::int64_t, ScoreBySong> simulate(const World& world, std::uint64_t trial, std::uint64_t arm = 0) {
  std::map<std::int64_t, ScoreBySong> by_seed;
  for (int seed = 0; seed < world.seeds; ++seed) {
    const double luck =
        world.seed_sd * RandomStream(trial, "seed", static_cast<std::uint64_t>(seed), arm).normal();
    for (int song = 0; song < world.songs; ++song) {
      RandomStream of_song(trial, "song", static_cast<std::uint64_t>(song));
      const double chance = world.skill + world.song_sd * of_song.normal() + luck;
      RandomStream answers(trial, "answers", static_cast<std::uint64_t>(seed),
                           static_cast<std::uint64_t>(song), arm);
      SongScore score;
      score.scored = of_song.between(1, 5);
      for (int clip = 0; clip < score.scored; ++clip) score.correct += answers.uniform() < chance ? 1 : 0;
      by_seed[seed]["song " + std::to_string(song)] = score;
    }
  }
  return by_seed;
}

TEST(Bootstrap, value_is_the_mean_over_seeds_of_pooled_accuracy) {
  const ScoreTable table =
      make_score_table({{1, {{"a", {1, 1}}, {"b", {1, 3}}}}, {2, {{"a", {0, 1}}, {"b", {3, 3}}}}});
  EXPECT_EQ(table.songs, (std::vector<std::string>{"a", "b"}));
  EXPECT_DOUBLE_EQ(bootstrap_accuracy(table, {}).value, (2.0 / 4 + 3.0 / 4) / 2);
}

TEST(Bootstrap, a_resample_draws_as_many_songs_and_seeds_as_there_are) {
  int resamples = 0;
  for_each_resample(3, 7, {.resamples = 50}, [&](const Resample& resample) {
    ++resamples;
    double seeds = 0, songs = 0;
    for (const double weight : resample.seed_weight) seeds += weight;
    for (const double weight : resample.song_weight) songs += weight;
    EXPECT_EQ(seeds, 3);
    EXPECT_EQ(songs, 7);
  });
  EXPECT_EQ(resamples, 50);
}

// One seed and n songs of one clip each: resampled accuracy is a binomial share, whose SD is known.
TEST(Bootstrap, spread_of_one_seed_is_the_binomial_one) {
  ScoreBySong scores;
  constexpr int kSongs = 400;
  for (int song = 0; song < kSongs; ++song)
    scores["song " + std::to_string(song)] = {song % 4 == 0 ? 1 : 0, 1};
  const Estimate estimate = bootstrap_accuracy(make_score_table({{1, scores}}), {.resamples = 10000});
  const double sd = std::sqrt(0.25 * 0.75 / kSongs);
  EXPECT_DOUBLE_EQ(estimate.value, 0.25);
  EXPECT_NEAR(estimate.interval.low, 0.25 - 1.96 * sd, 0.15 * sd);
  EXPECT_NEAR(estimate.interval.high, 0.25 + 1.96 * sd, 0.15 * sd);
}

// The share of 500 intervals that hold the truth has a standard error of 1 point around 95 %; 2.5 points are
// allowed.
TEST(Bootstrap, intervals_hold_the_true_accuracy_in_about95_of_hundred_worlds) {
  const World world;
  int held = 0;
  for (std::uint64_t trial = 0; trial < kWorlds; ++trial) {
    const ScoreTable table = make_score_table(simulate(world, trial));
    const Interval interval = bootstrap_accuracy(table, {.resamples = 400, .seed = trial}).interval;
    held += interval.low <= world.skill && world.skill <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held) / kWorlds, 0.95, 0.025);
}

// The same for a true paired difference of 5 points. Seeds are lucky in each arm apart, and what the arms
// have in common falls out, so the noise of answers that is counted twice weighs more: up to 99 % are
// allowed.
TEST(Bootstrap, intervals_hold_the_true_difference_in93_to99_of_hundred_worlds) {
  const World reference;
  World better = reference;
  better.skill += 0.05;
  int held = 0;
  for (std::uint64_t trial = 0; trial < kWorlds; ++trial) {
    const Estimate difference = bootstrap_difference(make_score_table(simulate(better, trial, 1)),
                                                     make_score_table(simulate(reference, trial, 0)),
                                                     {.resamples = 400, .seed = trial});
    held += difference.interval.low <= 0.05 && 0.05 <= difference.interval.high ? 1 : 0;
  }
  EXPECT_GE(static_cast<double>(held) / kWorlds, 0.93);
  EXPECT_LE(static_cast<double>(held) / kWorlds, 0.99);
}

// Two equal arms: how often the interval of their difference leaves out 0.
TEST(Bootstrap, equal_arms_are_told_apart_in_at_most5_of_hundred_worlds) {
  int false_alarms = 0;
  for (std::uint64_t trial = 0; trial < kWorlds; ++trial) {
    const Interval interval =
        bootstrap_difference(make_score_table(simulate({}, trial, 1)),
                             make_score_table(simulate({}, trial, 0)), {.resamples = 400, .seed = trial})
            .interval;
    false_alarms += interval.low > 0 || interval.high < 0 ? 1 : 0;
  }
  EXPECT_LE(static_cast<double>(false_alarms) / kWorlds, 0.05);
}

TEST(Bootstrap, resampled_seed_effects_vary_as_the_mean_of_new_seeds_does) {
  const ScoreTable table = make_score_table({{1, {{"a", {2, 10}}, {"b", {2, 10}}}},
                                             {2, {{"a", {4, 10}}, {"b", {4, 10}}}},
                                             {3, {{"a", {9, 10}}, {"b", {9, 10}}}}});
  const std::vector<double> effects = seed_effects(table);
  double sum = 0, squares = 0;
  for (const double effect : effects) {
    sum += effect;
    squares += effect * effect;
  }
  EXPECT_NEAR(sum, 0, 1e-15);
  EXPECT_NEAR(squares / 3, (0.09 + 0.01 + 0.16) / 2, 1e-15);  // the unbiased variance of .2, .4, .9
}

TEST(Bootstrap, an_arm_differs_from_itself_by_exactly_nothing) {
  const ScoreTable table = make_score_table(simulate({}, 3));
  const Estimate difference = bootstrap_difference(table, table, {.resamples = 500});
  EXPECT_EQ(difference.value, 0.0);
  EXPECT_EQ(difference.interval.low, 0.0);
  EXPECT_EQ(difference.interval.high, 0.0);
}

TEST(Bootstrap, pairing_takes_out_what_songs_have_in_common) {
  const ScoreTable a = make_score_table(simulate({.song_sd = 0.3}, 5, 0)),
                   b = make_score_table(simulate({.song_sd = 0.3}, 5, 1));
  const Interval alone = bootstrap_accuracy(a, {}).interval, paired = bootstrap_difference(a, b, {}).interval;
  EXPECT_LT(paired.high - paired.low, alone.high - alone.low);
}

TEST(Bootstrap, the_same_seed_gives_the_same_interval_and_another_seed_another) {
  const ScoreTable table = make_score_table(simulate({}, 4));
  const Interval a = bootstrap_accuracy(table, {.seed = 1}).interval,
                 b = bootstrap_accuracy(table, {.seed = 1}).interval,
                 c = bootstrap_accuracy(table, {.seed = 2}).interval;
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(std::pair(a.low, a.high), std::pair(c.low, c.high));
}

TEST(Bootstrap, one_song_gives_no_interval) {
  const Estimate estimate = bootstrap_accuracy(make_score_table({{1, {{"a", {1, 2}}}}}), {});
  EXPECT_EQ(estimate.value, 0.5);
  EXPECT_TRUE(std::isnan(estimate.interval.low));
}

TEST(Bootstrap, a_song_that_a_seed_did_not_score_does_not_count_for_it) {
  const ScoreTable table = make_score_table({{1, {{"a", {1, 1}}}}, {2, {{"a", {1, 1}}, {"b", {0, 1}}}}});
  const Estimate estimate = bootstrap_accuracy(table, {});
  EXPECT_DOUBLE_EQ(estimate.value, 0.75);
  EXPECT_LE(estimate.interval.high, 1.0);
  EXPECT_GE(estimate.interval.low, 0.0);
}

}  // namespace
}  // namespace mofi
