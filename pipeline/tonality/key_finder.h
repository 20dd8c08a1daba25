#pragma once
// The key of a piece by correlation (Krumhansl 1990; specification 10.2): how its pitch classes are weighted,
// compared with a key profile in each of 24 rotations. A transposition rotates both, so it never changes the
// mode.

#include <array>

#include "tonality/key.h"
#include "tonality/key_profiles.h"
#include "tonality/weighting.h"

namespace mofi {

struct KeyEstimate : Key {
  double margin = 0;                     ///< best correlation of this mode minus best of the other mode
  std::array<double, 24> correlation{};  ///< 12 major, then 12 minor keys
};

/// Undefined where no correlation is: for no notes, or weights of all pitch classes that are equal (but for
/// rounding). Of keys that are equal (but for rounding, 1e-9), the lower tonic wins, and of one tonic the
/// major key.
KeyEstimate find_key(const PitchClassWeights& weights, const KeyProfile& profile);

}  // namespace mofi
