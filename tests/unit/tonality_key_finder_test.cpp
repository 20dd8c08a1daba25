#include "tonality/key_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/random.h"
#include "midi_examples.h"

namespace mofi {
namespace {

constexpr double kExact = 1e-6;  // the specification prints six digits

double correlation(const KeyEstimate& key, std::size_t tonic, std::size_t mode) {
  return key.correlation[12 * mode + tonic];
}

struct RankedKey {
  std::string name;
  double correlation;
};

std::vector<RankedKey> best_three(const KeyEstimate& estimate) {
  std::vector<RankedKey> keys;
  for (int i = 0; i < 24; ++i)
    keys.push_back({name_of(Key{i % 12, i < 12 ? kMajor : kMinor}), estimate.correlation[std::size_t(i)]});
  std::sort(keys.begin(), keys.end(),
            [](const RankedKey& a, const RankedKey& b) { return a.correlation > b.correlation; });
  keys.resize(3);
  return keys;
}

// Specification 10.4.
TEST(KeyFinder, best_three_keys_of_the_specification_are_reproduced) {
  struct Expected {
    PitchClassWeights weights;
    const char* profile;
    std::vector<RankedKey> best;
  };
  const PitchClassWeights melody = {3, 0, 1, 0, 3, 1, 0, 2, 0, 1, 0, 1};
  const Expected table[] = {
      {melody, "aarden_essen", {{"C major", 0.906832}, {"A minor", 0.777839}, {"F major", 0.536304}}},
      {melody, "krumhansl_kessler", {{"C major", 0.909472}, {"E minor", 0.766870}, {"A minor", 0.662661}}},
      {{1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1},
       "krumhansl_kessler",
       {{"C major", 0.756407}, {"A minor", 0.712127}, {"G major", 0.677454}}},
      {{9, 0, 3, 0, 2, 5, 0, 2, 0, 2, 2, 0},
       "krumhansl_kessler",
       {{"F major", 0.824200}, {"C major", 0.823686}, {"A minor", 0.573431}}},
  };
  for (const Expected& expected : table) {
    const KeyEstimate key = find_key(expected.weights, key_profile(expected.profile));
    EXPECT_EQ(name_of(key), expected.best[0].name);
    const auto best = best_three(key);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(best[i].name, expected.best[i].name);
      EXPECT_NEAR(best[i].correlation, expected.best[i].correlation, kExact) << best[i].name;
    }
  }
  // The certainty that music21 documents for the first: r1 + 2 (r1 - r2).
  const auto best = best_three(find_key(melody, key_profile("aarden_essen")));
  EXPECT_NEAR(3 * best[0].correlation - 2 * best[1].correlation, 1.164816, kExact);
  EXPECT_NEAR(find_key(melody, key_profile("krumhansl_kessler")).margin, 0.909472 - 0.766870, 2 * kExact);
}

TEST(KeyFinder, every_profile_finds_itself_in_every_key) {
  for (const KeyProfile& profile : key_profiles()) {
    for (int tonic = 0; tonic < 12; ++tonic) {
      PitchClassWeights weights = profile.minor;
      std::rotate(weights.begin(), weights.end() - tonic, weights.end());
      const KeyEstimate key = find_key(weights, profile);
      EXPECT_EQ(key.tonic, tonic) << profile.name;
      EXPECT_EQ(key.mode, kMinor) << profile.name;
      EXPECT_NEAR(correlation(key, static_cast<std::size_t>(tonic), kMinor), 1, 1e-12);
      EXPECT_GT(key.margin, 0);
    }
  }
}

TEST(KeyFinder, transposition_moves_the_tonic_and_never_the_mode) {
  RandomStream draws(1, "histograms");
  for (int round = 0; round < 200; ++round) {
    PitchClassWeights weights;
    for (double& weight : weights) weight = draws.below(1000);
    const KeyEstimate before = find_key(weights, key_profile("krumhansl_kessler"));
    std::rotate(weights.begin(), weights.end() - 5, weights.end());
    const KeyEstimate after = find_key(weights, key_profile("krumhansl_kessler"));
    EXPECT_EQ(after.mode, before.mode);
    EXPECT_EQ(after.tonic, (before.tonic + 5) % 12);
    EXPECT_NEAR(after.margin, before.margin, 1e-12);
  }
}

TEST(KeyFinder, empty_and_flat_histograms_have_no_key) {
  for (const double weight : {0.0, 7.0}) {
    PitchClassWeights weights;
    weights.fill(weight);
    const KeyEstimate key = find_key(weights, key_profile("krumhansl_kessler"));
    EXPECT_EQ(key.tonic, -1);
    EXPECT_EQ(key.mode, kUndefinedMode);
    EXPECT_EQ(key.margin, 0);
  }
}

TEST(KeyFinder, equally_long_notes_in_all_pitch_classes_have_no_key_by_seconds_either) {
  MidiFile midi;
  midi.division.ticks_per_quarter = 7;
  midi.tempos = {{0, 333'333}, {40, 777'777}};
  for (std::uint32_t i = 0; i < 12; ++i)
    midi.notes.push_back(
        {.start = 1000 + 3 * i, .end = 1003 + 3 * i, .pitch = static_cast<std::uint8_t>(60 + i)});
  for (const Weighting weighting : {Weighting::kTicks, Weighting::kSeconds, Weighting::kAccent})
    EXPECT_EQ(find_key(pitch_class_weights(midi, weighting), key_profile("krumhansl_kessler")).mode,
              kUndefinedMode);
}

TEST(KeyFinder, of_equal_keys_the_lower_tonic_wins) {
  // A whole-tone scale is the same after every two semitones, so six keys are equal but for rounding.
  const KeyEstimate key = find_key({0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, key_profile("krumhansl_kessler"));
  EXPECT_LT(key.tonic, 2);
  // One profile as both modes: the major key wins.
  KeyProfile one = key_profile("krumhansl_kessler");
  one.minor = one.major;
  EXPECT_EQ(find_key(one.major, one).mode, kMajor);
}

TEST(KeyFinder, an_unknown_profile_is_refused_with_the_known_ones) {
  EXPECT_THAT(refusal_of([] { key_profile("kessler"); }, ExitCode::kUsage),
              testing::HasSubstr("expected one of krumhansl_kessler"));
}

}  // namespace
}  // namespace mofi
