#pragma once
// Signs of life of this process, for the watchdog of its job (watchdog.h). One pulse a process, because a
// rank that does a run of its own (World::alone()) is alive, too. Every sign is a few atomic increments.

#include <cstdint>
#include <string>
#include <string_view>

namespace mofi {

struct Pulse {
  std::uint64_t entered = 0;  ///< collectives entered: equal on all ranks once all have done the same
  std::uint64_t moves = 0;    ///< collectives entered or left
  std::uint64_t beats = 0;    ///< signs of life between them
  bool inside = false;        ///< a thread of this process is inside a collective
  std::string note;           ///< what it last said it did, "step 120"
};

/// What has been told so far.
Pulse pulse();

/// A sign of life of a loop that works, with or without a word of what it does.
void beat();
void beat(std::string_view note);

/// A collective that is issued here and done elsewhere, on a device: nobody is inside.
void count_collective();

/// Lives while a thread is inside a collective. `count` is 2 where a rank that only gives away should be seen
/// as ahead of the one that takes, who counts the second when it has everything.
class InCollective {
 public:
  explicit InCollective(int count = 1);
  ~InCollective();
  InCollective(const InCollective&) = delete;
  InCollective& operator=(const InCollective&) = delete;
};

/// Lives while a thread that is inside a collective works for itself: nobody keeps it waiting.
class OutOfCollective {
 public:
  OutOfCollective();
  ~OutOfCollective();
  OutOfCollective(const OutOfCollective&) = delete;
  OutOfCollective& operator=(const OutOfCollective&) = delete;
};

}  // namespace mofi
