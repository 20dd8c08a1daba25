#pragma once
// The processes that work on one results folder, maybe of several jobs on several machines, and how each
// tells whether another still lives: RESULTS/jobs/<process>.json, one file a process, which a thread of it
// writes anew every few seconds.
//
// On one machine the system itself knows who lives (core/process.h). Elsewhere a process is dead when its
// file has not been seen to change for the lease, by the clock of the one who looks, which knows no time of
// day: no two clocks are ever compared, and a clock that jumps harms nobody.

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/process.h"
#include "core/stopwatch.h"

namespace mofi {

inline constexpr const char* kJobsFolder = "jobs";
inline constexpr const char* kJobSchema = "mofi-job/1";
inline constexpr double kLease = 60;     ///< s without a sign of life, after which a process counts as dead
inline constexpr double kHeartbeat = 5;  ///< s between two signs of life

/// What a process last said of itself.
struct JobState {
  ProcessId process;
  std::string began;  ///< when, in UTC, by its clock
  std::int64_t beats = 0;
  int told_to_stop = 0;  ///< the signal that asked it to, or 0
  std::string run;       ///< which it does; empty between two
  std::string doing;     ///< in words, "step 120"
};

std::filesystem::path job_file(const std::filesystem::path& results, const ProcessId& process);
/// None where there is no such file, or none that is understood.
std::optional<JobState> read_job(const std::filesystem::path& file);

/// This process's signs of life, while it lives. The file goes with it.
class Heartbeat {
 public:
  /// Throws kMissing where the results folder cannot be written.
  explicit Heartbeat(std::filesystem::path results, double interval_s = kHeartbeat);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// Which run this process does from now on; empty: none.
  void set_run(const std::string& id);

 private:
  void beat_on();
  void write();

  std::filesystem::path file_;
  double interval_s_;
  std::mutex mutex_;
  std::condition_variable wake_;
  JobState state_;
  bool closing_ = false;
  std::thread thread_;
};

/// Who lives, as far as this process has seen. The longer it has looked, the more it knows.
class LifeWatch {
 public:
  explicit LifeWatch(std::filesystem::path results, double lease_s = kLease)
      : results_(std::move(results)), lease_s_(lease_s) {}

  /// kUnknown until a sign of life was seen (kAlive), or none for the lease (kDead). Ask again and again.
  Life look_at(const ProcessId& process);
  const std::filesystem::path& results() const { return results_; }

 private:
  struct Seen {
    std::int64_t beats = -1;  ///< -1: no file
    double unchanged_s = 0;
    bool has_changed = false;
    Stopwatch since_look;
  };
  std::filesystem::path results_;
  double lease_s_;
  std::map<std::filesystem::path, Seen> seen_;
};

}  // namespace mofi
