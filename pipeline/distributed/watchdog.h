#pragma once
// Ends a job that would hang for ever, with a sentence that names the rank at fault.
//
// A thread of every rank tells rank 0 about once a second how many collectives it has entered, whether it is
// inside one and what it said it does (pulse.h); rank 0 answers. Then the rule is, with one limit for all:
// * A rank is silent when nothing has been heard of it for the limit: its process is stopped, or its machine
//   is gone. Ranks that no longer hear rank 0 name rank 0.
// * A rank is stuck when it has shown no life for the limit (no collective entered or left, no
//   World::alive()), and a rank that has entered more collectives has not moved either: others wait for it,
//   and it does nothing that it tells of. Of several, the one with the fewest collectives is named.
// * When nobody at all has shown life for the limit and somebody is inside a collective, the ranks wait for
//   each other: MPI or the network hangs, or they disagree on what comes next.
// So work may take as long as it likes if its loop calls World::alive() more often than the limit, and ranks
// that have nothing left to do may wait for one that works, as at the end of a sweep. A job that is suspended
// and continued as a whole goes on: time in which the watching rank did not run does not count.
//
// A process that dies needs none of this: mpirun ends the job at once.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace mofi {

/// What rank 0 knows of a rank.
struct RankState {
  std::uint64_t entered = 0;  ///< collectives
  bool inside = false;        ///< a collective
  double silent_s = 0;        ///< since it was last heard of
  double unmoved_s = 0;       ///< since it last entered or left a collective
  double lifeless_s = 0;      ///< since it last did so, or said that it was alive
};

struct Verdict {
  enum class Kind { kSilent, kStuck, kDeadlock };
  Kind kind;
  int rank;
  double for_s;
};

/// Who is at fault by the rule above, or nobody.
std::optional<Verdict> judge(std::span<const RankState> ranks, double limit_s);

/// Watches the ranks of MPI_COMM_WORLD while it lives. It ends the job with exit code 70.
class Watchdog {
 public:
  /// Collective. MPI must have been started with MPI_THREAD_MULTIPLE.
  explicit Watchdog(double limit_s);
  /// Collective: waits for all ranks, still watching them, and then stops.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace mofi
