#pragma once
// What the user is told while work goes on. Results go to standard output, everything else here, to standard
// error.

#include <fmt/core.h>

#include <string>

namespace mofi {

/// `level`: debug, info, warning, error or off.
void start_logging(const std::string& level);
/// From now on lines of ranks other than 0 carry their rank.
void set_log_rank(int rank);

void log_line_debug(const std::string& text);
void log_line_info(const std::string& text);
void log_line_warning(const std::string& text);
void log_line_error(const std::string& text);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_line_debug(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line_info(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line_warning(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line_error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mofi
