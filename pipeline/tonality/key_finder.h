#pragma once
// The key of a piece by correlation (Krumhansl 1990; specification 10.2): how its pitch classes are weighted,
// compared with a key profile in each of 24 rotations. A transposition rotates both, so it never changes the
// mode.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "midi/note.h"
#include "tonality/key_profiles.h"
#include "tonality/mode_table.h"

namespace mofi {

using PitchClassWeights = std::array<double, 12>;  ///< 0 = C

/// What a note counts: its duration in ticks, or one. Every note of every channel counts, drums included, as
/// all of them are words too.
enum class Weighting { kTicks, kCount };

/// "ticks" or "count". Throws kUsage.
Weighting weighting_of(const std::string& name);

PitchClassWeights pitch_class_weights(std::span<const Note> notes, Weighting weighting);

struct KeyEstimate {
  int tonic = -1;                        ///< pitch class; -1 undefined
  std::uint8_t mode = kUndefinedMode;    ///< kMajor, kMinor
  double margin = 0;                     ///< best correlation of this mode minus best of the other mode
  std::array<double, 24> correlation{};  ///< 12 major, then 12 minor keys
};

/// Undefined where no correlation is: for no notes, or equal weights of all pitch classes. Of keys that are
/// equal (but for rounding, 1e-12), the lower tonic wins, and of one tonic the major key.
KeyEstimate find_key(const PitchClassWeights& weights, const KeyProfile& profile);

}  // namespace mofi
