#include "midi/tempo_map.h"

#include <gtest/gtest.h>

#include <cmath>

#include "midi_examples.h"

namespace mofi {
namespace {

constexpr double kRounding = 1e-12;

TempoMap map_of(const TimeDivision& division, const std::vector<TempoChange>& tempos) {
  MidiFile midi;
  midi.division = division;
  midi.tempos = tempos;
  return TempoMap(midi);
}

TEST(TempoMap, without_a_tempo_there_are_120_quarters_a_minute) {
  EXPECT_NEAR(map_of({.ticks_per_quarter = 384}, {}).seconds(384), 0.5, kRounding);
  EXPECT_NEAR(TempoMap().seconds(480), 0.5, kRounding);
}

TEST(TempoMap, one_tempo_at_the_start_holds_throughout) {
  const TempoMap map = map_of({.ticks_per_quarter = 100}, {{0, 1'000'000}});
  EXPECT_NEAR(map.seconds(250), 2.5, kRounding);
  EXPECT_NEAR(map.seconds(kMaxTick), kMaxTick / 100.0, 1e-6);
}

TEST(TempoMap, every_stretch_goes_at_its_own_tempo_whatever_the_order_of_questions) {
  // 1 s of the default, 2 s at 1 s a quarter, then 0.1 s a quarter.
  const TempoMap map = map_of({.ticks_per_quarter = 100}, {{200, 1'000'000}, {400, 100'000}});
  EXPECT_NEAR(map.seconds(1'400), 4.0, kRounding);
  EXPECT_NEAR(map.seconds(400), 3.0, kRounding);
  EXPECT_NEAR(map.seconds(399), 2.99, kRounding);
  EXPECT_NEAR(map.seconds(200), 1.0, kRounding);
  EXPECT_NEAR(map.seconds(199), 0.995, kRounding);
  EXPECT_EQ(map.seconds(0), 0);
}

TEST(TempoMap, of_tempos_at_one_tick_the_last_holds) {
  const TempoMap map =
      map_of({.ticks_per_quarter = 100}, {{0, 900'000}, {0, 1'000'000}, {100, 700'000}, {100, 100'000}});
  EXPECT_NEAR(map.seconds(100), 1.0, kRounding);
  EXPECT_NEAR(map.seconds(200), 1.1, kRounding);
}

TEST(TempoMap, tempos_of_any_track_hold_for_all) {
  // FF 51 03 0F4240 is 1 s a quarter, in the second track, after the default of the first 480 ticks.
  const std::string end = bytes_of({0, 0xFF, 0x2F, 0});
  const std::string notes = bytes_of({0, 0x90, 60, 64, 0x87, 0x40, 0x80, 60, 64}) + end;
  const std::string tempo = bytes_of({0x83, 0x60, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40}) + end;
  const MidiFile midi = read_text_as_midi(file_of({notes, tempo}));
  ASSERT_EQ(midi.notes.at(0).end, 960);
  EXPECT_NEAR(TempoMap(midi).seconds(960), 1.5, kRounding);
}

TEST(TempoMap, with_smpte_time_ticks_are_fractions_of_a_second_and_tempos_mean_nothing) {
  const TimeDivision milliseconds = {.ticks_per_quarter = 0, .frames_per_second = 25, .ticks_per_frame = 40};
  EXPECT_NEAR(map_of(milliseconds, {{0, 1'000'000}, {10, 3}}).seconds(1'500), 1.5, kRounding);
  const TimeDivision ntsc = {.ticks_per_quarter = 0, .frames_per_second = 29, .ticks_per_frame = 1};
  EXPECT_NEAR(map_of(ntsc, {}).seconds(30'000), 1'001, 1e-9);
}

TEST(TempoMap, the_latest_tick_at_the_slowest_tempo_is_a_finite_time) {
  const TempoMap slowest = map_of({.ticks_per_quarter = 1}, {{1, 0xFF'FFFF}});
  EXPECT_TRUE(std::isfinite(slowest.seconds(kMaxTick)));
}

}  // namespace
}  // namespace mofi
