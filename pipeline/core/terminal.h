#pragma once
// What a terminal can show.

#include <string>
#include <string_view>

namespace mofi {

/// A dumb terminal cannot; what is no terminal neither.
bool can_move_cursor(int descriptor);

/// The same, and NO_COLOR (https://no-color.org) is not set to anything.
bool can_show_colours(int descriptor);

/// Asked before every print, since windows change their size. COLUMNS may narrow the line, but a COLUMNS from
/// before the window became smaller is not believed.
struct TerminalSize {
  int columns = 80, rows = 24;
};
TerminalSize terminal_size(int descriptor);

/// Letters of UTF-8, not bytes.
int letters_of(std::string_view text);

/// At most `letters` letters of the text; what is missing at its end is told by an ellipsis.
std::string cut(const std::string& text, int letters);

}  // namespace mofi
