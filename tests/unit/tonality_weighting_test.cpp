#include "tonality/weighting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/config.h"
#include "midi_examples.h"
#include "tonality/find_modes.h"

namespace mofi {
namespace {

/// At 100 ticks a quarter: two seconds a quarter for 100 ticks, then half a second.
MidiFile slow_then_fast() {
  MidiFile midi;
  midi.division.ticks_per_quarter = 100;
  midi.tempos = {{0, 2'000'000}, {100, 500'000}};
  midi.notes = {{.start = 0, .end = 100, .pitch = 60},
                {.start = 50, .end = 150, .pitch = 72, .channel = 9},
                {.start = 100, .end = 300, .pitch = 61}};
  return midi;
}

TEST(Weighting, notes_weigh_their_ticks_their_seconds_or_one_each_on_every_channel) {
  const MidiFile midi = slow_then_fast();
  const PitchClassWeights ticks = pitch_class_weights(midi, Weighting::kTicks);
  EXPECT_EQ(ticks[0], 200);
  EXPECT_EQ(ticks[1], 200);
  EXPECT_EQ(ticks[2], 0);
  const PitchClassWeights seconds = pitch_class_weights(midi, Weighting::kSeconds);
  EXPECT_NEAR(seconds[0], 2.0 + 1.25, 1e-12);
  EXPECT_NEAR(seconds[1], 1.0, 1e-12);
  const PitchClassWeights count = pitch_class_weights(midi, Weighting::kCount);
  EXPECT_EQ(count[0], 2);
  EXPECT_EQ(count[1], 1);
}

TEST(Weighting, an_accent_grows_with_the_seconds_of_a_note_and_saturates_at_one) {
  MidiFile midi;  // 480 ticks are half a second
  midi.notes = {{.start = 0, .end = 480, .pitch = 0}, {.start = 0, .end = 480'000, .pitch = 1}};
  const PitchClassWeights accent = pitch_class_weights(midi, Weighting::kAccent);
  EXPECT_NEAR(accent[0], 0.399576, 1e-6);  // (1 - 1/e)^2
  EXPECT_NEAR(accent[1], 1, 1e-12);
}

TEST(Weighting, part_of_a_piece_is_weighed_at_the_tempo_of_the_piece) {
  const MidiFile midi = slow_then_fast();
  const auto last = std::span(midi.notes).last(1);
  EXPECT_NEAR(pitch_class_weights(last, Weighting::kSeconds, TempoMap(midi))[1], 1.0, 1e-12);
}

TEST(Weighting, every_name_is_a_weighting_that_configs_take_and_help_explains) {
  for (const std::string& name : weighting_names()) {
    ModeOptions options;
    options.weighting = name;
    const auto root = parse_config(to_yaml(config_to_json(options)), "mode.yaml");
    EXPECT_EQ(read_config<ModeOptions>(root).weighting, name);
    EXPECT_GT(pitch_class_weights(slow_then_fast(), weighting_of(name))[0], 0) << name;
    EXPECT_THAT(weighting_help(), testing::HasSubstr(name + " ("));
  }
}

TEST(Weighting, an_unknown_one_is_refused_with_the_known_ones) {
  EXPECT_THAT(refusal_of([] { weighting_of("beats"); }, ExitCode::kUsage),
              testing::HasSubstr("'beats' is not known; expected one of ticks, seconds, count, accent"));
}

}  // namespace
}  // namespace mofi
