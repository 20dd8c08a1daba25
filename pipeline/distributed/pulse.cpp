#include "distributed/pulse.h"

#include <atomic>
#include <mutex>

namespace mofi {
namespace {

struct State {
  std::atomic<std::uint64_t> entered{0}, moves{0}, beats{0};
  std::atomic<int> inside{0};  // threads: the one that trains, and the one that reduces
  std::mutex note_mutex;
  std::string note;
};

State& state() {
  static State one;
  return one;
}

void move(int threads_inside) {
  state().inside += threads_inside;
  ++state().moves;
}

}  // namespace

Pulse pulse() {
  State& now = state();
  const std::lock_guard lock(now.note_mutex);
  return {now.entered, now.moves, now.beats, now.inside > 0, now.note};
}

void beat() { ++state().beats; }

void beat(std::string_view note) {
  {
    const std::lock_guard lock(state().note_mutex);
    state().note = note;
  }
  beat();
}

void count_collective() {
  ++state().entered;
  beat();
}

InCollective::InCollective(int count) {
  state().entered += static_cast<std::uint64_t>(count);
  move(1);
}
InCollective::~InCollective() { move(-1); }

OutOfCollective::OutOfCollective() { move(-1); }
OutOfCollective::~OutOfCollective() { move(1); }

}  // namespace mofi
