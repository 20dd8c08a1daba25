#pragma once
// When things happened on every rank, for looking at: which reductions ran while the backward pass was still
// under way. Read by chrome://tracing and Perfetto. Nothing is recorded unless somebody makes a Trace.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/world.h"

namespace mofi {

/// A stretch of time on one thread of one rank, or an instant. Times are seconds of the trace.
struct TraceEvent {
  std::string name;
  std::string track;  ///< what did it: "training", "reductions"
  double begin_s = 0, end_s = 0;
  std::int64_t bytes = 0;  ///< moved, if any

  bool is_instant() const { return begin_s == end_s; }
};

/// Safe to write to from several threads.
class Trace {
 public:
  /// Collective: all ranks count from one instant, to the last bit on one node (they share its clock), to
  /// about a millisecond between nodes.
  explicit Trace(const World& world);

  double now_s() const;
  /// An instant, such as "backward begins".
  void mark(std::string_view name);
  void add(TraceEvent event);
  std::vector<TraceEvent> events() const;

 private:
  std::chrono::steady_clock::time_point zero_;
  mutable std::mutex mutex_;
  std::vector<TraceEvent> events_;
};

/// Records from its making to its end, or nothing where there is no trace.
class TraceSpan {
 public:
  TraceSpan(Trace* trace, std::string_view name, std::string_view track = "training", std::int64_t bytes = 0);
  ~TraceSpan();
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Trace* trace_;
  TraceEvent event_;
};

/// Collective: root writes the events of all ranks as Chrome's trace JSON, a process a rank, a thread a
/// track.
void write_trace(const World& world, const Trace& trace, const std::filesystem::path& path);

}  // namespace mofi
