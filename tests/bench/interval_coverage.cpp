// How often the intervals of `mofi aggregate` hold the truth, and how often equal arms are told apart, in
// simulated sweeps (tests/simulated_world.h): interval_coverage [WORLDS] > table. The table of
// results/reference/interval_coverage.md; 2,000 worlds take half an hour of one core.

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

#include "simulated_world.h"

namespace mofi {
namespace {

struct Case {
  const char* name;
  double arm_song_sd, fold_sd, seed_sd, run_sd;
};
constexpr Case kCases[] = {{"seeds differ little", 0.05, 0, 0.005, 0.005},
                           {"as measured", 0.05, 0, 0.01, 0.01},
                           {"seeds differ much", 0.05, 0, 0.025, 0.015},
                           {"arms alike but for noise", 0, 0, 0, 0},
                           {"training sets differ, too", 0.05, 0.01, 0.01, 0.01}};

void print_coverage(int worlds) {
  std::uint64_t first = 0;
  std::printf(
      "| parts | songs | folds | seeds | accuracy | ± | difference | ± |\n"
      "|:------|------:|------:|------:|---------:|--:|-----------:|--:|\n");
  for (const Case& parts : kCases)
    for (const int songs : {40, 100, 350})
      for (const int folds : {1, 5})
        for (const int seeds : {3, 5, 10, 20}) {
          SimulatedWorld world{.songs = songs, .folds = folds, .seeds = seeds};
          world.arm_song_sd = parts.arm_song_sd;
          world.fold_sd = parts.fold_sd;
          world.seed_sd = parts.seed_sd;
          world.run_sd = parts.run_sd;
          const Coverage c = measure_coverage(world, worlds, first);
          first += static_cast<std::uint64_t>(worlds);  // no world twice
          std::printf("%s", fmt::format("| {} | {} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n",
                                        parts.name, songs, folds, seeds, 100 * c.accuracy,
                                        100 * c.accuracy_width, 100 * c.difference, 100 * c.difference_width)
                                .c_str());
          std::fflush(stdout);
        }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  const int worlds = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (worlds < 1) {
    std::fputs("usage: interval_coverage [WORLDS]\n", stderr);
    return 64;
  }
  mofi::print_coverage(worlds);
  return 0;
}
