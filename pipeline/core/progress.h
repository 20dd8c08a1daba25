#pragma once
// A progress bar with rate and time left on a terminal, a plain line now and then in a log.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mofi {

/// What a line of progress tells.
struct ProgressState {
  std::string label, unit;  ///< as in "tokenize  512/1078 files"
  std::int64_t total = 0;   ///< 0: nobody knows
  std::int64_t done = 0;
  std::int64_t begun_at = 0;  ///< what was done before the clock started, by a run that is resumed
  double elapsed_s = 0;
  bool last = false;  ///< tells the time taken in place of the time left
  std::string note;
};

/// One line, without its end. On a terminal of that many columns it fits into one row: the bar gives way
/// first, then the end of the note. With 0 columns it is a line for a log, without a bar and never cut.
std::string progress_line(const ProgressState& state, int columns);

class ProgressBar {
 public:
  /// A silent bar (for ranks other than 0) prints nothing. Rates count from `begun_at`.
  ProgressBar(std::string label, std::string unit, std::int64_t total, bool silent = false,
              std::int64_t begun_at = 0);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Moves to `done` of the total; `note` is shown at the end of the line. Cheap enough for every step.
  void update(std::int64_t done, const std::string& note = {});

  /// Whether there are rows above the bar: on a terminal, and not where it is silent.
  bool has_rows() const { return terminal_ && !silent_; }
  /// Rows that stand above the bar while it is shown, each cut to the terminal's width, and no more of them
  /// than it is high. Shown with the next update.
  void set_rows(std::vector<std::string> rows) { rows_ = std::move(rows); }

 private:
  void print();

  using Clock = std::chrono::steady_clock;
  ProgressState state_;
  std::vector<std::string> rows_;
  bool silent_, terminal_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_print_ = start_;
};

/// For whoever else writes lines to standard error: takes the bar and its rows off the terminal, and keeps it
/// off while the lock is held. It comes back with its next update.
std::unique_lock<std::mutex> pause_progress();

/// After how many seconds a log gets its next line: 10 at first, a twentieth of the time gone by when that is
/// longer, 5 minutes at most.
double log_interval_s(double elapsed_s);

/// "42 s", "3 min 05 s", "2 h 10 min", "3 d 04 h".
std::string readable_duration(double seconds);

}  // namespace mofi
