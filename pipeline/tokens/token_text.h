#pragma once
// Tokens in words: what an id means in music, and what a table holds.

#include <string>

#include "tokens/token_table.h"

namespace mofi {

/// What an id of a column means: "F5 (77)", "2/16", "12/32", "New", "PAD". The names of columns decide, so
/// that every scheme reads the same; of a column that has no reading here, the id itself.
std::string id_text(const TokenScheme& scheme, std::size_t column, int id);

/// Sizes, labels and splits, a few lines.
std::string contents_text(const TokenTable& table);

/// All there is to say, with the first words of the first `rows` rows.
std::string text_of(const TokenTable& table, std::size_t rows);

}  // namespace mofi
