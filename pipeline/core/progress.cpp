#include "core/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mofi {

std::string readable_duration(double seconds) {
  const std::int64_t whole = std::llround(seconds);
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

ProgressBar::ProgressBar(std::string label, std::string unit, std::int64_t total, bool silent)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      silent_(silent),
      terminal_(isatty(STDERR_FILENO) == 1) {
  if (!terminal_) next_print_ = start_ + std::chrono::seconds(10);
}

ProgressBar::~ProgressBar() {
  if (!silent_ && done_ > 0) print(last_note_, true);
}

void ProgressBar::update(std::int64_t done, const std::string& note) {
  done_ = done;
  last_note_ = note;
  if (silent_ || Clock::now() < next_print_) return;
  print(note, false);
  next_print_ =
      Clock::now() + (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000));
}

void ProgressBar::print(const std::string& note, bool last) {
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = elapsed_s > 0 ? static_cast<double>(done_) / elapsed_s : 0;
  std::string line = fmt::format("{}  ", label_);
  if (terminal_) {
    constexpr int kWidth = 24;
    const int filled = total_ > 0 ? static_cast<int>(kWidth * std::min(done_, total_) / total_) : kWidth;
    line += fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", kWidth - filled);
  }
  line += fmt::format("{}/{} {}, {:.3g}/s", done_, total_, unit_, rate);
  if (last)
    line += fmt::format(", {}", readable_duration(elapsed_s));
  else if (rate > 0)
    line += fmt::format(", {} left", readable_duration(static_cast<double>(total_ - done_) / rate));
  if (!note.empty()) line += "  " + note;
  if (terminal_)
    fmt::print(stderr, "\r\033[K{}{}", line, last ? "\n" : "");
  else
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

}  // namespace mofi
