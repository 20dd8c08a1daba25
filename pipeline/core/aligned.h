#pragma once
// Small texts for people: cells in aligned columns, numbers with thousands apart.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mofi {

/// One line a row, indented by two blanks, the cells two blanks apart and as wide as the widest of their
/// column. `align` has an 'l' or 'r' for each column; columns beyond it stand left. Rows may be of different
/// lengths.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::string& align = "");

/// The words of a text in lines of at most so many columns, each after `indent` and with its end; a longer
/// word has a line of its own.
std::string wrapped(const std::string& text, const std::string& indent, std::size_t columns);

/// "1,147".
std::string thousands(std::uint64_t value);

/// "1 piece", "1,078 pieces": a number and what it counts, whose plural takes an s.
std::string counted(std::uint64_t number, const std::string& what);

}  // namespace mofi
