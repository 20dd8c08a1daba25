#pragma once
// Ticks of a MIDI file as seconds.

#include <cstdint>
#include <vector>

#include "midi/midi_file.h"

namespace mofi {

/// The tempo changes of all tracks hold for all tracks; before the first there are 120 quarters a minute, and
/// of several at one tick the last one holds. With SMPTE time a tick is a fraction of a second (29 frames are
/// the 29.97 of NTSC) and tempos mean nothing.
///
/// Notes are not in the order of time inside a file, so a tick is looked up by binary search, or at once
/// where the tempo never changes, for which nothing is allocated either.
class TempoMap {
 public:
  /// 480 ticks a quarter, 120 quarters a minute.
  TempoMap() = default;
  explicit TempoMap(const MidiFile& midi);

  /// Since tick 0.
  double seconds(std::uint32_t tick) const {
    return later_.empty() ? first_.seconds_at(tick) : stretch_of(tick).seconds_at(tick);
  }

 private:
  /// From here on, until the next stretch, the tempo is the same.
  struct Stretch {
    std::uint32_t tick = 0;
    double seconds = 0;
    double seconds_per_tick = 0.5 / 480;

    double seconds_at(std::uint32_t later_tick) const {
      return seconds + seconds_per_tick * (later_tick - tick);
    }
  };
  const Stretch& stretch_of(std::uint32_t tick) const;

  Stretch first_;  ///< from tick 0
  std::vector<Stretch> later_;
};

}  // namespace mofi
