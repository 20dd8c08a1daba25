#pragma once
// Standard MIDI Files in memory: what a file says of time, and its notes.
//
// The reader makes one pass, allocates a few vectors a file and none an event, holds at most a small multiple
// of the file's size, and never looks past the end. Where a file breaks the standard it keeps what is
// readable and counts what it mended (repairs.h), or, if it is told to be strict, refuses in one sentence
// that names the byte. What is no MIDI file at all, or has no readable header, is refused either way.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "midi/note.h"
#include "midi/repairs.h"

namespace mofi {

struct TempoChange {
  std::uint32_t tick = 0;
  std::uint32_t us_per_quarter = 500'000;  ///< above 0

  bool operator==(const TempoChange&) const = default;
};

/// How long a tick is: a fraction of a quarter note, or, with SMPTE time, of a second. Never without meaning:
/// either there are ticks a quarter, or frames a second and ticks a frame.
struct TimeDivision {
  int ticks_per_quarter = 480;  ///< 0 with SMPTE time
  int frames_per_second = 0;    ///< 24, 25, 29 or 30 with SMPTE time, else 0
  int ticks_per_frame = 0;

  bool operator==(const TimeDivision&) const = default;
};

struct MidiFile {
  int format = 1;  ///< 0 one track, 1 simultaneous tracks, 2 independent tracks, which all count from tick 0
  int tracks = 0;
  TimeDivision division;
  std::vector<TempoChange> tempos;  ///< by tick; none means 120 quarters a minute
  /// Grouped by instrument (see same_instrument), instruments in the order of their first note to end, the
  /// notes of one in the order in which they ended.
  std::vector<Note> notes;
  std::uint32_t unpaired_notes = 0;  ///< left out: they end at the tick where they begin, or never
  RepairCounts repairs;
};

/// Absolute ticks above this are refused: sums of two stay within 32 bits.
inline constexpr std::uint32_t kMaxTick = 0x7FFF'FFFF;

/// Longer files are not read: the largest known have some ten megabytes.
inline constexpr std::size_t kMaxMidiBytes = std::size_t{1} << 28;

/// Which open note a note-off ends.
enum class Pairing {
  /// Every open note of its channel and pitch that began before its tick, as miditoolkit below 1.0, which
  /// MIDI-BERT uses (specification 2.1). Those that began at its tick stay open if at least one was ended;
  /// otherwise they are dropped, so no note has duration zero.
  kAll,
  /// The one that began first, as miditoolkit from 1.0. A note may end at the tick where it began.
  kFifo,
};

/// "all" or "fifo"; throws kUsage for another name.
Pairing pairing_named(const std::string& name);
std::vector<std::string> pairing_names();

struct MidiReading {
  Pairing pairing = Pairing::kAll;
  bool strict = false;  ///< refuse what would need a repair
};

/// Reads formats 0, 1 and 2, also inside a RIFF container (.rmi). `name` stands for the file in messages.
/// Throws kData. Notes pair inside their track, channel and pitch; those that never end are dropped.
MidiFile read_midi(std::span<const std::byte> bytes, const std::string& name,
                   const MidiReading& reading = {});

}  // namespace mofi
