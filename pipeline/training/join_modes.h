#pragma once
// What the mode file says of each row of the tokens: of its piece, or of itself.

#include <vector>

#include "tokens/token_table.h"
#include "tonality/mode_table.h"

namespace mofi {

/// What has a key of its own, pieces or rows, and which of them each row belongs to.
struct ModeUnits {
  std::vector<const PieceMode*> key;  ///< null without a mode table
  std::vector<std::uint32_t> of_row;

  std::uint8_t mode(std::size_t unit) const { return key[unit] ? key[unit]->mode : kUndefinedMode; }
};

/// Joined by id and digest; the table must outlive the result. Throws kData where the files do not fit.
ModeUnits join_modes(const TokenTable& tokens, const ModeTable* modes);

/// Which row of its piece every row is, from 0.
std::vector<std::uint32_t> segments_of_rows(const TokenTable& tokens);

/// Per piece the mode that all its rows share, else undefined.
std::vector<std::uint8_t> modes_of_pieces(const TokenTable& tokens, const ModeUnits& units);

}  // namespace mofi
