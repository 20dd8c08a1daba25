#include "core/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/progress.h"
#include "core/provenance.h"

namespace mofi {
namespace {

namespace level = spdlog::level;

constexpr std::size_t kLargestLogBytes = 10'000'000;
constexpr std::size_t kOldLogs = 1;
constexpr std::size_t kRecentLines = 20;

/// Standard error, and the file of this rank if there is one. Each has its own level and pattern.
class Log {
 public:
  static Log& get() {
    static Log log;
    return log;
  }

  void set_level(level::level_enum wanted) {
    const std::lock_guard lock(lock_);
    wanted_ = wanted;
    apply_levels();
  }

  void set_rank(int rank) {
    const std::lock_guard lock(lock_);
    rank_ = rank;
    terminal_->set_pattern(rank > 0 ? fmt::format("%^%l%$: [rank {}] %v", rank) : "%^%l%$: %v");
    apply_levels();
  }

  void set_folder(const std::filesystem::path& folder) {
    const std::lock_guard lock(lock_);
    const auto file = folder.empty() ? nullptr : open_file(folder);
    if (file_) sinks_->remove_sink(file_);
    file_ = file;
    file_failed_ = false;
    if (file_) sinks_->add_sink(file_);
    apply_levels();
  }

  std::vector<std::string> recent() {
    const std::lock_guard lock(recent_lock_);
    return {recent_.begin(), recent_.end()};
  }

  void write(level::level_enum at, const std::string& text) {
    if (at >= level::info) remember(at, text);
    std::unique_lock<std::mutex> no_bar;
    if (terminal_->should_log(at)) no_bar = pause_progress();
    logger_.log(at, text);
  }

 private:
  Log() : logger_("mofi", sinks_) {
    sinks_->add_sink(terminal_);
    terminal_->set_pattern("%^%l%$: %v");
    // A process that dies leaves all its lines.
    logger_.flush_on(level::debug);
    logger_.set_error_handler([this](const std::string& reason) {
      if (file_failed_.exchange(true)) return;  // a full disk is told once, and not for every line
      std::fprintf(stderr, "warning: the log file of this rank is not complete: %s\n", reason.c_str());
    });
    apply_levels();
  }

  static std::shared_ptr<spdlog::sinks::stderr_color_sink_mt> make_terminal() {
    const char* no_color = std::getenv("NO_COLOR");
    const bool plain = no_color != nullptr && *no_color != '\0';
    return std::make_shared<spdlog::sinks::stderr_color_sink_mt>(plain ? spdlog::color_mode::never
                                                                       : spdlog::color_mode::automatic);
  }

  std::shared_ptr<spdlog::sinks::sink> open_file(const std::filesystem::path& folder) const {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure)
      fail(ExitCode::kMissing, "{}: the folder for logs cannot be made: {}", folder.string(),
           failure.message());
    const auto path = folder / fmt::format("rank_{}.log", rank_);
    errno = 0;
    if (!std::ofstream(path, std::ios::app))
      fail(ExitCode::kMissing, "{}: the log of this rank cannot be written: {}", path.string(),
           std::strerror(errno));
    try {
      auto file =
          std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path.string(), kLargestLogBytes, kOldLogs);
      file->set_level(level::debug);
      file->set_formatter(std::make_unique<spdlog::pattern_formatter>(
          fmt::format("%Y-%m-%dT%H:%M:%S.%eZ %l rank {}: %v", rank_), spdlog::pattern_time_type::utc));
      return file;
    } catch (const spdlog::spdlog_ex& error) {
      fail(ExitCode::kMissing, "{}: the log of this rank cannot be written: {}", path.string(), error.what());
    }
  }

  void remember(level::level_enum at, const std::string& text) {
    const std::lock_guard lock(recent_lock_);
    const auto name = level::to_string_view(at);
    recent_.push_back(fmt::format("{}: {}", std::string_view(name.data(), name.size()), text));
    if (recent_.size() > kRecentLines) recent_.pop_front();
  }

  void apply_levels() {
    terminal_->set_level(file_ && rank_ > 0 ? std::max(wanted_, level::warn) : wanted_);
    logger_.set_level(file_ ? level::debug : wanted_);
  }

  std::mutex recent_lock_;
  std::deque<std::string> recent_;
  std::mutex lock_;  // of the settings; the sinks have locks of their own
  level::level_enum wanted_ = level::info;
  int rank_ = 0;
  std::atomic<bool> file_failed_ = false;
  std::shared_ptr<spdlog::sinks::stderr_color_sink_mt> terminal_ = make_terminal();
  std::shared_ptr<spdlog::sinks::sink> file_;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks_ = std::make_shared<spdlog::sinks::dist_sink_mt>();
  spdlog::logger logger_;
};

}  // namespace

void start_logging(const std::string& level) { Log::get().set_level(spdlog::level::from_str(level)); }

void set_log_rank(int rank) { Log::get().set_rank(rank); }

void log_to_folder(const std::filesystem::path& folder) {
  Log::get().set_folder(folder);
  if (!folder.empty()) log_debug("the log of {}, process {}, begins here", producer(), getpid());
}

std::vector<std::string> recent_log_lines() { return Log::get().recent(); }

void log_line_debug(const std::string& text) { Log::get().write(level::debug, text); }
void log_line_info(const std::string& text) { Log::get().write(level::info, text); }
void log_line_warning(const std::string& text) { Log::get().write(level::warn, text); }
void log_line_error(const std::string& text) { Log::get().write(level::err, text); }

}  // namespace mofi
