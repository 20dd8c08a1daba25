#pragma once
// The processes of this job, as seen by one of them. Complete at one rank: callers never ask whether MPI is
// on. A process that no launcher started does not initialise MPI at all (on a machine without ssh a lone
// MPI_Init fails).

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/team.h"

namespace mofi {

class Watchdog;
struct Communicator;  // communicator.h

/// In seconds: after this a rank that hangs ends the job (watchdog.h), unless told otherwise.
inline constexpr double kRankTimeout = 600;

/// Owns MPI for the life of the program. Make one, first thing in main's body, and pass it on by reference.
class World {
 public:
  /// Joins the job of the launcher (mpirun, srun), if there is one. Throws kMissing when a launcher started
  /// several processes but MPI sees only one (plain srun without PMIx). Ranks of several are watched: one
  /// that hangs for `rank_timeout_s` ends the job with a sentence that names it; 0 watches nobody.
  explicit World(double rank_timeout_s = kRankTimeout);
  /// A world of this process alone, whatever job it is part of: what a rank trains a run of its own in.
  static World alone() { return World(Alone{}); }
  /// Ranks that give the same number are a world of their own, in the same order. Collective. It must not
  /// outlive this one; a rank's place on its node stays what it is here, so that it keeps its GPU.
  World split(int group) const;
  /// Leaves it, together with all ranks. While an exception unwinds and there are other ranks, they would
  /// wait for ever: the caller must `abort`.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }
  /// This rank's number among the ranks of its node, and how many they are: what picks a GPU.
  int node_rank() const { return node_rank_; }
  int node_size() const { return node_size_; }

  /// Seconds after which a rank that hangs ends the job; 0: never.
  double rank_timeout_s() const { return rank_timeout_s_; }

  /// Waits for all ranks, sleeping rather than spinning (others may be computing on these cores).
  void barrier() const;
  /// The same, for so many seconds at most. False: some did not come, and this world is of no use any more.
  bool barrier_within(double seconds) const;
  /// Sums over all ranks, in place.
  void sum(std::span<double> values) const;
  /// The largest value of all ranks: agreement on a flag.
  int maximum(int value) const;
  /// Root's text, on every rank.
  std::string broadcast(std::string text) const;
  /// Every rank's text, by rank, on every rank.
  std::vector<std::string> gather(const std::string& text) const;
  /// Hands the bytes of every other rank, of any size, to `at_root` on rank 0, by rank, one at a time in
  /// memory.
  void collect(std::string own, const Team::AtRoot& at_root) const;
  /// What the ranks talk over; for a world of several ranks.
  const Communicator& communicator() const { return *communicator_; }
  /// This world, for libraries that know nothing of MPI. It must not outlive the world.
  Team team() const;

  /// A sign of life, which loops give once a step and at least once per rank time-out; free enough for any
  /// loop. It counts for the process, and so in a world alone, too.
  void alive() const;
  /// The same, with a short word of what this rank does: "step 120". The watchdog repeats it.
  void note(std::string_view what) const;

  /// Ends the job on all ranks with this exit code. Call after the message is out.
  [[noreturn]] void abort(int exit_code) const;

  /// MPI's name and version, and the thread level it grants; "not started by a launcher" without it.
  static std::string describe();

 private:
  struct Alone {};
  explicit World(Alone);
  World(const World& whole, int group);

  int rank_ = 0, size_ = 1, node_rank_ = 0, node_size_ = 1;
  double rank_timeout_s_ = kRankTimeout;
  bool initialised_ = false;  ///< whether this is the world that ends MPI
  std::shared_ptr<Communicator> communicator_;
  std::unique_ptr<Watchdog> watchdog_;
};

/// Whether a launcher started this process as one of several (or as a job of one).
bool started_by_launcher();

}  // namespace mofi
