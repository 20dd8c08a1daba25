#pragma once
// Compound Words as MIDI-BERT makes them (specification 2.2 to 2.4, to the letter): a note is one word of a
// few columns, on a fixed grid of ticks that takes no account of tempo or time signature, nor, unless the
// options ask for it, of the file's resolution.

#include <cstdint>
#include <vector>

#include "midi/midi_file.h"
#include "tokens/token_options.h"

namespace mofi {

struct TokenizedPiece {
  std::vector<std::uint8_t> words;       ///< [words, columns]
  std::uint32_t out_of_range_notes = 0;  ///< whose pitch has no id (A0, C8 …): left out, or moved
};

/// The words of a piece, whose notes are grouped by instrument, as read_midi gives them.
///
/// Where the reference crashes we go on: a note whose pitch has no id and that is not moved into the range
/// emits no word, but stays in the grid, so that its neighbours keep their places; and a piece whose last
/// note starts at tick 0 has the one grid point 0. Notes at one tick keep their order where rescaling brings
/// them together.
///
/// Columns of cp6: Velocity is the nearest of 0, 2 … 128; Tempo the nearest of 32, 35 … 224 quarters a minute
/// to the tempo in force where the note starts, before quantisation. All ties go to the lower.
TokenizedPiece tokenize(const MidiFile& midi, const TokenOptions& options = {});

/// The notes of a piece in the order of its words, one for each: what tells which notes a row is made of.
/// Their pitches are those of the file. Throws as tokenize does.
std::vector<Note> notes_in_word_order(const MidiFile& midi, const TokenOptions& options);

}  // namespace mofi
