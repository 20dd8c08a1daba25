// How long `mofi aggregate` takes for a sweep of 40 arms, 3 folds and as many seeds as make 10,000 runs of
// 216 clips: aggregate_bench FOLDER [RUNS]. The runs are made up, and made once: several hundred MB, so that
// FOLDER is best in memory (/dev/shm).

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "core/stopwatch.h"
#include "report/aggregate.h"
#include "unit/synthetic_runs.h"

namespace mofi {
namespace {

constexpr int kSites = 13, kFolds = 3, kArms = 1 + 3 * kSites;

SyntheticRun run_number(int number) {
  const int arm = number / kFolds % kArms;
  SyntheticRun run;
  run.fold = number % kFolds;
  run.seed = 1 + number / (kFolds * kArms);
  run.condition = arm == 0 ? "none" : arm % 3 == 0 ? "mode" : arm % 3 == 1 ? "constant" : "shuffled";
  run.site = arm == 0 ? 0 : (arm - 1) / 3;
  run.skill = run.condition == "mode" ? 0.56 : 0.5;
  run.songs = 216;  // of 3 clips, a third of them in a fold
  return run;
}

void measure(const std::filesystem::path& folder, int runs) {
  int made = 0;
  for (int number = 0; number < runs; ++number) {
    const SyntheticRun run = run_number(number);
    if (std::filesystem::exists(folder / "runs" / run.id() / kResultFile)) continue;
    write_synthetic_run(folder, run);
    ++made;
  }
  if (made > 0) std::fprintf(stderr, "made %d runs in %s\n", made, folder.c_str());

  const std::clock_t begun = std::clock();
  const Stopwatch watch;
  const AggregateSummary summary = aggregate(folder, folder);
  fmt::print("{} runs, {} arms, {} files: {:.2f} s, {:.2f} s of one core\n", summary.runs, summary.arms,
             summary.written.size(), watch.seconds(),
             static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: aggregate_bench FOLDER [RUNS]\n", stderr);
    return 64;
  }
  mofi::measure(argv[1], argc > 2 ? std::atoi(argv[2]) : 10'000);
  return 0;
}
