#pragma once
// Keys and modes in words.

#include <string>

#include "tonality/mode_table.h"

namespace mofi {

/// "G major", "g minor", "Eb major", "f# minor": as keys are written, minor ones small; "undefined" for none.
std::string key_text(int tonic, std::uint8_t mode);

/// All there is to say, with the keys of the first `rows` pieces.
std::string text_of(const ModeTable& table, std::size_t rows);

}  // namespace mofi
