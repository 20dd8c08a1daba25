#include "midi/tempo_map.h"

#include <algorithm>

namespace mofi {
namespace {

constexpr double kSecondsPerMicrosecond = 1e-6;

double seconds_per_smpte_tick(const TimeDivision& division) {
  const double frames_per_second =
      division.frames_per_second == 29 ? 30'000.0 / 1'001 : division.frames_per_second;
  return 1 / (frames_per_second * division.ticks_per_frame);
}

}  // namespace

TempoMap::TempoMap(const MidiFile& midi) {
  if (midi.division.frames_per_second > 0) {
    first_.seconds_per_tick = seconds_per_smpte_tick(midi.division);
    return;
  }
  const auto seconds_per_tick = [&](std::uint32_t us_per_quarter) {
    return us_per_quarter * kSecondsPerMicrosecond / midi.division.ticks_per_quarter;
  };
  first_.seconds_per_tick = seconds_per_tick(TempoChange().us_per_quarter);
  for (const TempoChange& tempo : midi.tempos) {
    Stretch& current = later_.empty() ? first_ : later_.back();
    const double pace = seconds_per_tick(tempo.us_per_quarter);
    if (tempo.tick == current.tick)
      current.seconds_per_tick = pace;
    else if (pace != current.seconds_per_tick)
      later_.push_back({tempo.tick, current.seconds_at(tempo.tick), pace});
  }
}

const TempoMap::Stretch& TempoMap::stretch_of(std::uint32_t tick) const {
  const auto next =
      std::upper_bound(later_.begin(), later_.end(), tick,
                       [](std::uint32_t at, const Stretch& stretch) { return at < stretch.tick; });
  return next == later_.begin() ? first_ : *(next - 1);
}

}  // namespace mofi
