#pragma once
// A progress bar with rate and time left on a terminal, a plain line now and then in a log.

#include <chrono>
#include <cstdint>
#include <string>

namespace mofi {

class ProgressBar {
 public:
  /// `label` and `unit` read as in "tokenize  512/1078 files". A silent bar (for ranks other than 0) prints
  /// nothing.
  ProgressBar(std::string label, std::string unit, std::int64_t total, bool silent = false);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Moves to `done` of the total; `note` is shown at the end of the line.
  void update(std::int64_t done, const std::string& note = {});

 private:
  void print(const std::string& note, bool last);

  using Clock = std::chrono::steady_clock;
  std::string label_, unit_, last_note_;
  std::int64_t total_, done_ = 0;
  bool silent_, terminal_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_print_ = start_;
};

/// "42 s", "3 min 05 s", "2 h 10 min".
std::string readable_duration(double seconds);

}  // namespace mofi
