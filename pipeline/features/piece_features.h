#pragma once
// The features of one piece, from its notes and its key.

#include <array>

#include "features/feature_list.h"
#include "midi/midi_file.h"
#include "tonality/key_profiles.h"
#include "tonality/weighting.h"

namespace mofi {

using FeatureValues = std::array<float, kFeatures>;

/// In the order of feature_list(). Times are seconds by the tempo map, standard deviations those of the
/// population. All are finite: what does not exist is 0 (the shares of a piece without notes, a rate of a piece
/// of length 0, the spread of intervals between fewer than two onsets).
FeatureValues features_of(const MidiFile& midi, const KeyProfile& profile, Weighting weighting);

}  // namespace mofi
