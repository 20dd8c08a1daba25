#pragma once
// Standard MIDI Files in memory: what a file says of time, and its notes.
//
// The reader makes one pass, allocates a few vectors a file and none an event, holds at most a small multiple
// of the file's size, and never looks past the end. It takes what tolerant readers take (unknown chunks, a
// missing end of track, running status kept across meta and sysex events, system messages) and refuses the
// rest in one sentence that names the byte.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "midi/note.h"

namespace mofi {

struct TempoChange {
  std::uint32_t tick = 0;
  std::uint32_t us_per_quarter = 500'000;

  bool operator==(const TempoChange&) const = default;
};

/// How long a tick is: a fraction of a quarter note, or, with SMPTE time, of a second.
struct TimeDivision {
  int ticks_per_quarter = 480;  ///< 0 with SMPTE time
  int frames_per_second = 0;    ///< 24, 25, 29 or 30 with SMPTE time, else 0
  int ticks_per_frame = 0;

  bool operator==(const TimeDivision&) const = default;
};

struct MidiFile {
  int format = 1;  ///< 0 one track, 1 simultaneous tracks, 2 independent tracks
  TimeDivision division;
  std::vector<TempoChange> tempos;  ///< by tick; none means 120 quarters a minute
  /// Grouped by instrument (see same_instrument), instruments in the order of their first note to end, the
  /// notes of one in the order in which they ended.
  std::vector<Note> notes;
};

/// Absolute ticks above this are refused: sums of two stay within 32 bits.
inline constexpr std::uint32_t kMaxTick = 0x7FFF'FFFF;

/// Reads formats 0, 1 and 2. `name` stands for the file in messages. Throws kData.
///
/// Pairing (specification 2.1, rule "all"): inside a track, a note-off at tick t ends every open note of its
/// channel and pitch that began before t. Those that began at t stay open if at least one was ended;
/// otherwise they are dropped, so no note has duration zero. Notes that never end are dropped.
MidiFile read_midi(std::span<const std::byte> bytes, const std::string& name);

}  // namespace mofi
