#pragma once
// Keys and modes in words.

#include <string>

#include "tonality/mode_table.h"

namespace mofi {

/// All there is to say, with the keys of the first `rows` pieces or segments.
std::string text_of(const ModeTable& table, std::size_t rows);

}  // namespace mofi
