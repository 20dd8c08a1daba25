#pragma once
// Pieces cut into rows of a fixed number of words (specification 2.5): consecutive, without overlap, the last
// one padded, or dropped if it is short. A row may begin in the middle of a bar.

#include <cstdint>
#include <span>

#include "tokens/token_table.h"

namespace mofi {

/// How many rows a piece of that many words takes.
inline std::size_t rows_of(std::size_t words, int row_words) {
  return (words + static_cast<std::size_t>(row_words) - 1) / static_cast<std::size_t>(row_words);
}

/// How many of a piece's words are kept when a last row of fewer than `min_tail_words` is dropped.
inline std::size_t words_kept(std::size_t words, int row_words, int min_tail_words) {
  const std::size_t tail = words % static_cast<std::size_t>(row_words);
  return tail < static_cast<std::size_t>(min_tail_words) ? words - tail : words;
}

/// Appends the rows of `words` ([words, columns]) as those of the piece `piece`.
void append_rows(TokenTable& table, std::span<const std::uint8_t> words, std::uint32_t piece);

}  // namespace mofi
