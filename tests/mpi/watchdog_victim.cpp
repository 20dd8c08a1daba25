// A job for tests/integration/watchdog_test to hurt: its ranks do steps together until one hangs, or until
// there is a file FOLDER/end. Every rank leaves FOLDER/pid.RANK once it is at work.

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "core/files.h"
#include "core/log.h"
#include "distributed/world.h"

namespace mofi {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

/// A step: something of one's own, and a sum over all. True when the job is to end.
bool step(const World& world, const std::filesystem::path& folder, int number) {
  world.note(fmt::format("step {}", number));
  std::this_thread::sleep_for(milliseconds(10));
  double ended = world.is_root() && std::filesystem::exists(folder / "end") ? 1 : 0;
  world.sum({&ended, 1});
  return ended > 0;
}

void be_hurt(const World& world, const std::filesystem::path& folder, const std::string& how, int victim,
             double seconds) {
  for (int number = 1; !step(world, folder, number); ++number) {
    if (number == 3) write_atomically(folder / fmt::format("pid.{}", world.rank()), std::to_string(getpid()));
    if (number != 20 || world.rank() != victim) continue;
    if (how == "hang") std::this_thread::sleep_for(duration<double>(3600));
    if (how == "work") {
      const auto begin = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - begin < duration<double>(seconds)) {
        std::this_thread::sleep_for(milliseconds(100));
        world.alive();
      }
      write_atomically(folder / "worked", "");
    }
    if (how == "disagree") world.gather("what nobody else does");
  }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: {} FOLDER LIMIT run|hang|work|disagree RANK SECONDS\n", argv[0]);
    return 64;
  }
  mofi::World::alone().note("step 0");  // so that the very first report tells something
  const mofi::World world(std::atof(argv[2]));
  mofi::set_log_rank(world.rank());
  mofi::be_hurt(world, argv[1], argv[3], std::atoi(argv[4]), std::atof(argv[5]));
  return 0;
}
