#pragma once
// MIDI pitches as musicians write them.

#include <string>

namespace mofi {

inline constexpr const char* kPitchClassNames[] = {"C",  "C#", "D",  "D#", "E",  "F",
                                                   "F#", "G",  "G#", "A",  "A#", "B"};

/// "C4" for 60, "A0" for 21: sharps, and octaves that begin at C.
inline std::string pitch_name(int pitch) {
  return kPitchClassNames[pitch % 12] + std::to_string(pitch / 12 - 1);
}

}  // namespace mofi
