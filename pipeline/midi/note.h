#pragma once
// One sounding note, as the pairing of a note-on with its note-off leaves it.

#include <cstdint>

namespace mofi {

struct Note {
  std::uint32_t start = 0, end = 0;  ///< absolute ticks, start <= end
  std::uint8_t pitch = 0;            ///< MIDI pitch 0..127
  std::uint8_t velocity = 64;        ///< 1..127
  std::uint8_t channel = 0;          ///< 0..15; 9 is the drum channel
  std::uint8_t program = 0;          ///< in force on the channel when the note ended
  std::uint32_t track = 0;           ///< index among the track chunks

  bool operator==(const Note&) const = default;
};

/// An instrument is a program on a channel of a track, as in pretty_midi and miditoolkit.
inline bool same_instrument(const Note& a, const Note& b) {
  return a.track == b.track && a.channel == b.channel && a.program == b.program;
}

}  // namespace mofi
