#pragma once
// One exception type for everything a user can be told about: a full sentence and the exit code it leads to.

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace mofi {

/// Exit codes of every executable (the sysexits.h numbers where one fits).
enum class ExitCode : int {
  kDone = 0,
  kFailedRuns = 1,  ///< the sweep went through, but some runs failed
  kUsage = 64,      ///< wrong command line or config
  kData = 65,       ///< an input file is not what it should be
  kMissing = 69,    ///< a file, folder, device or library is not there
  kInternal = 70,   ///< a bug, or numbers that are no longer finite
  kStopped = 75,    ///< stopped on request; run again to go on
};

/// Carries one sentence: which file, where in it, what was expected, what was found, what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Throws Error; the message is formatted as by fmt::format.
template <class... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mofi
