#pragma once
// The same music in the parallel mode: its tonic stays, and the third, the sixth and the seventh degree of
// the major scale are lowered by a semitone, or those of the minor scale raised. What is left of a prediction
// then is what the model does not owe to the mode.

#include <span>

#include "tokens/token_scheme.h"
#include "tonality/key_profiles.h"
#include "tonality/mode_table.h"

namespace mofi {

/// By how many semitones a pitch class moves when music of this key is put into the parallel mode: -1, 0 or
/// 1; 0 where the key is undefined.
int parallel_shift(int pitch_class, const Key& key);

/// Moves the notes of a row in place; one that would leave the vocabulary stays.
void to_parallel_mode(std::span<std::uint8_t> row, const TokenScheme& scheme, const Key& key);

/// What a mode table says of a piece after that: the other mode, the profile moved, its correlations with the
/// keys of that profile.
PieceMode parallel_of(const PieceMode& piece, const KeyProfile& profile);

}  // namespace mofi
