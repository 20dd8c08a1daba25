#pragma once
// Transposition on tokens: adding semitones to the pitch column is the same as tokenising the transposed
// MIDI, as long as no note leaves the vocabulary (specification 2.8). Of a piece with notes that had no id
// (TokenPiece::out_of_range_notes) it is the transposition of what its words say.

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "tokens/token_table.h"

namespace mofi {

/// Semitones lowest..highest, both included; 0 is always among them.
struct ShiftRange {
  int lowest = 0, highest = 0;

  bool contains(int semitones) const { return lowest <= semitones && semitones <= highest; }
  int size() const { return highest - lowest + 1; }
};

/// The lowest and highest MIDI pitch of words ([words, columns]); 0 and 0 where there is none.
struct PitchRange {
  int lowest = 0, highest = 0;
};
inline PitchRange pitch_range(std::span<const std::uint8_t> words, const TokenScheme& scheme) {
  int lowest = scheme.pitch_ids, highest = -1;
  for (auto at = static_cast<std::size_t>(scheme.pitch_column); at < words.size();
       at += scheme.columns.size()) {
    if (words[at] >= scheme.pitch_ids) continue;
    lowest = std::min<int>(lowest, words[at]);
    highest = std::max<int>(highest, words[at]);
  }
  if (highest < 0) return {};
  return {scheme.lowest_pitch + lowest, scheme.lowest_pitch + highest};
}

/// The part of `wanted` by which every note of the piece stays in the vocabulary.
inline ShiftRange legal_shifts(const TokenScheme& scheme, const TokenPiece& piece, ShiftRange wanted) {
  return {std::clamp(scheme.lowest_pitch - piece.pitch_min, std::min(wanted.lowest, 0), 0),
          std::clamp(scheme.highest_pitch() - piece.pitch_max, 0, std::max(wanted.highest, 0))};
}

/// Shifts the pitches of a row in place; pad and mask stay. A shift that is not legal for the row throws
/// kInternal.
inline void transpose_row(std::span<std::uint8_t> row, const TokenScheme& scheme, int semitones) {
  bool left_vocabulary = false;
  for (auto at = static_cast<std::size_t>(scheme.pitch_column); at < row.size();
       at += scheme.columns.size()) {
    if (row[at] >= scheme.pitch_ids) continue;
    const int shifted = row[at] + semitones;
    left_vocabulary |= shifted < 0 || shifted >= scheme.pitch_ids;
    row[at] = static_cast<std::uint8_t>(shifted);
  }
  if (left_vocabulary)
    fail(ExitCode::kInternal,
         "a row was transposed by {} semitones, which takes a note out of the vocabulary", semitones);
}

}  // namespace mofi
