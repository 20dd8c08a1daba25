#include "tokens/segments.h"

#include <algorithm>

namespace mofi {

void append_rows(TokenTable& table, std::span<const std::uint8_t> words, std::uint32_t piece) {
  const std::size_t columns = table.columns(), row_size = static_cast<std::size_t>(table.row_words) * columns;
  while (!words.empty()) {
    const auto row = words.first(std::min(row_size, words.size()));
    words = words.subspan(row.size());
    table.words.insert(table.words.end(), row.begin(), row.end());
    for (std::size_t filled = row.size(); filled < row_size; filled += columns)
      for (const TokenColumn& column : table.scheme.columns)
        table.words.push_back(static_cast<std::uint8_t>(column.pad));
    table.length.push_back(static_cast<std::uint16_t>(row.size() / columns));
    table.piece.push_back(piece);
  }
}

}  // namespace mofi
