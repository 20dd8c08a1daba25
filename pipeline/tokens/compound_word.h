#pragma once
// Compound Words as MIDI-BERT makes them (specification 2.2 to 2.4, to the letter): a note is one word of a
// few columns, on a fixed grid of raw ticks that takes no account of the file's resolution, tempo or time
// signature.

#include <cstdint>
#include <span>
#include <vector>

#include "midi/note.h"
#include "tokens/token_table.h"

namespace mofi {

/// "cp4": Bar, Position, Pitch, Duration (the branch CP of MIDI-BERT).
TokenScheme cp4_scheme();

struct TokenizedPiece {
  std::vector<std::uint8_t> words;   ///< [words, columns]
  int pitch_min = 0, pitch_max = 0;  ///< MIDI pitches of the words
  int out_of_range_notes = 0;        ///< left out: their pitch has no id (A0, C8 …)
};

/// The words of a piece in scheme cp4. `notes` are grouped by instrument, as read_midi gives them.
///
/// Where the reference crashes we go on: a note whose pitch has no id emits no word, but stays in the grid,
/// so that its neighbours keep their places; and a piece whose last note starts at tick 0 has the one grid
/// point 0.
TokenizedPiece tokenize(std::span<const Note> notes);

}  // namespace mofi
