#pragma once
// What the user is told while work goes on. Results go to standard output, everything else here, to standard
// error; and into a file for each rank, once there is a folder for it.

#include <fmt/core.h>

#include <filesystem>
#include <string>
#include <vector>

namespace mofi {

/// `level` of standard error: debug, info, warning, error or off.
void start_logging(const std::string& level);
/// From now on lines of ranks other than 0 carry their rank.
void set_log_rank(int rank);

/// From now on every line of this rank, from debug upwards, goes with time, level and rank to the end of
/// FOLDER/rank_<r>.log, whatever standard error shows; there, ranks other than 0 say warnings and errors
/// only. A file that grew to 10 MB becomes rank_<r>.1.log, of which there is one, and a new one begins. Call
/// after set_log_rank; another folder takes the place of the first, an empty path ends it. Throws kMissing
/// where the file cannot be written, and then goes on as before.
void log_to_folder(const std::filesystem::path& folder);

/// The last lines of this process, from information upwards, oldest first: what led to a failure.
std::vector<std::string> recent_log_lines();

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
