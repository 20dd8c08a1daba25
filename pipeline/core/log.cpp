#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace mofi {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    const bool plain = std::getenv("NO_COLOR") != nullptr;
    auto made =
        spdlog::stderr_color_mt("mofi", plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
    made->set_pattern("%^%l%$: %v");
    return made;
  }();
  return *instance;
}

}  // namespace

void start_logging(const std::string& level) { logger().set_level(spdlog::level::from_str(level)); }

void set_log_rank(int rank) {
  if (rank > 0) logger().set_pattern(fmt::format("%^%l%$: [rank {}] %v", rank));
}

void log_line_debug(const std::string& text) { logger().debug(text); }
void log_line_info(const std::string& text) { logger().info(text); }
void log_line_warning(const std::string& text) { logger().warn(text); }
void log_line_error(const std::string& text) { logger().error(text); }

}  // namespace mofi
