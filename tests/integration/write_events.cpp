// Writes an event file that tests/integration/foreign_readers_test has TensorBoard read: write-events FOLDER.
// Prints its path. The scalars are simple functions of their steps, which the test knows, too.

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "storage/tensorboard.h"

int main(int argc, char** argv) {
  if (argc != 2) return static_cast<int>(mofi::ExitCode::kUsage);
  mofi::TensorboardWriter writer(argv[1]);
  for (int step = 0; step < 1000; ++step) {
    const double wall_time_s = 1'700'000'000 + 0.25 * step;
    writer.add({"train/loss", step, 8 / (1 + 0.125 * step), wall_time_s});
    if (step % 100 == 99) writer.add({"valid/größe", step, -1.0 * step, wall_time_s});
  }
  writer.add({"odd", std::numeric_limits<std::int64_t>::max(), std::nan(""), 0});
  writer.add({"odd", -1, -0.0, 1e-3});
  writer.flush();
  fmt::print("{}\n", writer.path().string());
}
