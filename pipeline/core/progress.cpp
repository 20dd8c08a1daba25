#include "core/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/aligned.h"
#include "core/terminal.h"

namespace mofi {
namespace {

constexpr int kWidestBar = 24, kNarrowestBar = 8;  // in columns, without its brackets

std::mutex terminal_lock;
int rows_shown = 0;  // under the lock: of the bar and what is above it; the last has no end yet

/// Back to where the first of the shown rows began, and nothing after it.
std::string off_the_terminal() {
  std::string text = rows_shown > 1 ? fmt::format("\r\033[{}A\033[J", rows_shown - 1) : "\r\033[K";
  rows_shown = 0;
  return text;
}

/// "12,345/s", "3.21/s", or for what takes longer than a second "2 min 05 s each".
std::string rate_text(double rate) {
  if (rate < 1) return readable_duration(1 / rate) + " each";
  return rate < 1000 ? fmt::format("{:.3g}/s", rate)
                     : thousands(static_cast<std::uint64_t>(std::llround(std::min(rate, 1e15)))) + "/s";
}

std::string bar_text(const ProgressState& state, int width) {
  const double share =
      std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0);
  const int filled = static_cast<int>(share * width);
  return fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", width - filled);
}

}  // namespace

std::string readable_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e10) return "unknown time";
  const std::int64_t whole = std::llround(seconds);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < std::int64_t{48} * 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {:02} h", whole / 86400, whole / 3600 % 24);
}

double log_interval_s(double elapsed_s) { return std::clamp(elapsed_s / 20, 10.0, 300.0); }

std::string progress_line(const ProgressState& state, int columns) {
  const double rate =
      state.elapsed_s > 0 ? static_cast<double>(state.done - state.begun_at) / state.elapsed_s : 0;
  std::string counts = state.total > 0 ? fmt::format("{}/{} {}", state.done, state.total, state.unit)
                                       : fmt::format("{} {}", state.done, state.unit);
  if (rate > 0) counts += ", " + rate_text(rate);
  if (state.last)
    counts += ", " + readable_duration(state.elapsed_s);
  else if (rate > 0 && state.total > 0)
    counts += fmt::format(
        ", {} left",
        readable_duration(static_cast<double>(std::max<std::int64_t>(0, state.total - state.done)) / rate));
  if (!state.note.empty()) counts += "  " + state.note;
  const std::string head = state.label + "  ";
  if (columns <= 0) return head + counts;

  const int usable = columns - 1;  // a letter in the last column makes some terminals begin a new row
  const int left = usable - letters_of(head) - letters_of(counts) - 3;  // brackets and a blank
  if (state.total > 0 && left >= kNarrowestBar)
    return head + bar_text(state, std::min(left, kWidestBar)) + counts;
  return cut(head + counts, usable);
}

ProgressBar::ProgressBar(std::string label, std::string unit, std::int64_t total, bool silent,
                         std::int64_t begun_at)
    : silent_(silent), terminal_(can_move_cursor(STDERR_FILENO)) {
  state_ = {.label = std::move(label), .unit = std::move(unit), .total = total, .begun_at = begun_at};
  state_.done = begun_at;
  if (!terminal_) next_print_ = start_ + std::chrono::seconds(10);
  if (terminal_ && !silent_) print();  // the first update may be long in coming
}

ProgressBar::~ProgressBar() {
  if (silent_) return;
  if (state_.done == state_.begun_at) {
    pause_progress();  // nothing was done, and of a bar at its beginning nothing stays
    return;
  }
  state_.last = true;
  print();
}

void ProgressBar::update(std::int64_t done, const std::string& note) {
  state_.done = done;
  state_.note = note;
  const Clock::time_point now = Clock::now();
  if (silent_ || now < next_print_) return;
  print();
  const double interval_s = terminal_ ? 0.1 : log_interval_s(state_.elapsed_s);
  next_print_ = now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval_s));
}

void ProgressBar::print() {
  state_.elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::lock_guard lock(terminal_lock);
  std::string line;
  if (terminal_) {
    const auto [columns, rows] = terminal_size(STDERR_FILENO);
    line = off_the_terminal();
    if (!state_.last) {
      rows_shown = 1 + std::min(static_cast<int>(rows_.size()), std::max(rows - 2, 0));
      for (int row = 0; row + 1 < rows_shown; ++row) line += cut(rows_[row], columns - 1) + "\n";
    }
    line += progress_line(state_, columns);
  } else {
    line = progress_line(state_, 0);
  }
  if (!terminal_ || state_.last) line += '\n';
  std::fputs(line.c_str(), stderr);  // in one piece, so that lines of several ranks do not mix
  std::fflush(stderr);
}

std::unique_lock<std::mutex> pause_progress() {
  std::unique_lock lock(terminal_lock);
  if (rows_shown > 0) {
    std::fputs(off_the_terminal().c_str(), stderr);
    std::fflush(stderr);
  }
  return lock;
}

}  // namespace mofi
