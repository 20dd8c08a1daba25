#pragma once
// Pieces cut into rows of a fixed number of words (specification 2.5): consecutive, without overlap, the last
// one padded. A row may begin in the middle of a bar.

#include <cstdint>
#include <span>

#include "tokens/token_table.h"

namespace mofi {

/// How many rows a piece of that many words takes.
inline std::size_t rows_of(std::size_t words, int row_words) {
  return (words + static_cast<std::size_t>(row_words) - 1) / static_cast<std::size_t>(row_words);
}

/// Appends the rows of `words` ([words, columns]) as those of the piece `piece`.
void append_rows(TokenTable& table, std::span<const std::uint8_t> words, std::uint32_t piece);

}  // namespace mofi
