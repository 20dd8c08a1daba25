#pragma once
// Who tried a run, and how that ended: RUN_FOLDER/attempt_1.json, attempt_2.json … An attempt is the claim,
// too: its file is made in one step that only one of any number of processes succeeds in, and the newest
// attempt alone owns the run. How it ended is written into the same file. One without an end whose process is
// dead has crashed.
//
// These files wait for no disk: what a power cut takes back is who was at work, and that one is dead then.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"

namespace mofi {

inline constexpr const char* kAttemptSchema = "mofi-attempt/1";

/// How an attempt ended. Errors and crashes count against the number of attempts; that somebody stopped it or
/// its time was over is no fault of the run's.
enum class EndKind {
  kDone,     ///< there is a result
  kError,    ///< it threw
  kCrash,    ///< its process died
  kTimeout,  ///< it took longer than a run may take
  kStopped,  ///< by a signal, a pre-emption, the end of the job's time
  kLost,     ///< another process had taken the run over in the meantime, or made another result of it
  kReset     ///< no attempt: `mofi sweep retry` begins to count anew here
};

const char* name_of(EndKind kind);

struct AttemptEnd {
  EndKind kind = EndKind::kDone;
  std::string text = {};                ///< the error's own, in full
  std::string type = {};                ///< of the exception
  std::vector<std::string> stack = {};  ///< from where it was thrown outwards (core/throw_stack.h)
  std::vector<std::string> log = {};    ///< the last lines before it
  double seconds = 0;
  std::string ended = {};  ///< in UTC
};

struct Attempt {
  int number = 0;
  ProcessId process;              ///< of one rank, or of the first of a group that does the run together
  std::vector<ProcessId> others;  ///< the group's other ranks
  std::string began;              ///< in UTC
  std::string producer;           ///< program and commit
  std::optional<AttemptEnd> end;
  std::string newer_schema;  ///< where a newer version made it: its schema; nothing else is known then
};

/// All of a run folder, by number. A file that a power cut left without contents is a crash of nobody known.
std::vector<Attempt> read_attempts(const std::filesystem::path& run_folder);

/// Makes attempt `number` this process's own. False where there is one already.
bool begin_attempt(const std::filesystem::path& run_folder, int number,
                   const std::vector<ProcessId>& others = {});

/// Writes how it ended, over what is there.
void end_attempt(const std::filesystem::path& run_folder, Attempt attempt, AttemptEnd end);
/// The same of an attempt of this process.
void end_own_attempt(const std::filesystem::path& run_folder, int number, AttemptEnd end);

/// Whether attempt `number`, which this process began, still owns the run.
bool owns_run(const std::filesystem::path& run_folder, int number);

/// What became of an attempt without an end whose process is dead: a crash, unless its ranks had been told to
/// stop, as they are where another rank of their job dies, or have ended in order.
AttemptEnd verdict_on(const std::filesystem::path& results, const Attempt& attempt);

/// Begins to count anew after attempt `after`: false where another process was first.
bool reset_attempts(const std::filesystem::path& run_folder, int after);

/// Errors and crashes since the last result or reset.
int failures_of(const std::vector<Attempt>& attempts);

std::string first_line(const std::string& text);

}  // namespace mofi
