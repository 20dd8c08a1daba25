#pragma once
// Running a program and having what it says. No shell is between: arguments arrive as they are.

#include <string>
#include <vector>

namespace mofi {

struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal for a process that a signal ended
  std::string out, err;
  bool timed_out = false;  ///< it was killed, with all that it started, as its time was over

  bool ok() const { return exit_code == 0 && !timed_out; }
};

/// Runs arguments[0], looked for in PATH, with nothing on its standard input. Throws kMissing when there is
/// no such program.
ProcessResult run_process(const std::vector<std::string>& arguments, double time_limit_s);

}  // namespace mofi
