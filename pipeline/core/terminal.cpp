#include "core/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace mofi {
namespace {

bool begins_letter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

bool can_move_cursor(int descriptor) {
  if (isatty(descriptor) != 1) return false;
  const char* kind = std::getenv("TERM");
  return kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

bool can_show_colours(int descriptor) {
  const char* unwanted = std::getenv("NO_COLOR");
  return can_move_cursor(descriptor) && (unwanted == nullptr || *unwanted == '\0');
}

TerminalSize terminal_size(int descriptor) {
  int columns = 0, rows = 0;
  winsize window{};
  if (ioctl(descriptor, TIOCGWINSZ, &window) == 0) {
    columns = window.ws_col;
    rows = window.ws_row;
  }
  if (const char* text = std::getenv("COLUMNS")) {
    int wanted = 0;
    const std::string_view all = text;
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), wanted);
    if (error == std::errc{} && end == all.data() + all.size() && wanted > 0)
      columns = columns > 0 ? std::min(columns, wanted) : wanted;
  }
  const TerminalSize usual;
  return {columns > 0 ? columns : usual.columns, rows > 0 ? rows : usual.rows};
}

int letters_of(std::string_view text) { return static_cast<int>(std::ranges::count_if(text, begins_letter)); }

std::string cut(const std::string& text, int letters) {
  if (letters_of(text) <= letters) return text;
  std::string kept;
  int used = 0;
  for (const char c : text) {
    used += begins_letter(c) ? 1 : 0;
    if (used >= letters) break;  // the last place is the ellipsis's
    kept += c;
  }
  return letters > 0 ? kept + "…" : "";
}

}  // namespace mofi
