// How fast a sweep's file becomes cells: parsed, every cell built, checked, named and digested. One core.
// ./mofi bench sweep runs it, with Google Benchmark's options.

#include <benchmark/benchmark.h>

#include <fmt/ranges.h>

#include <numeric>

#include "ablation/experiment.h"

namespace mofi {
namespace {

/// 13 sites × 3 conditions and none, over folds and as many seeds as make so many cells.
std::string sites_folds_and_seeds(int cells) {
  constexpr int kArms = 13 * 3 + 1, kFolds = 5;
  std::vector<int> seeds(static_cast<std::size_t>(cells / (kArms * kFolds)));
  std::iota(seeds.begin(), seeds.end(), 1);
  return fmt::format(
      "data: {{split: folds, evaluate: [test]}}\n"
      "sweep:\n"
      "  common: {{seed: [{}], data.fold: [0, 1, 2, 3, 4]}}\n"
      "  arms:\n"
      "    baseline: {{injection.condition: none}}\n"
      "    sites: {{injection.condition: [constant, shuffled, mode], injection.site: all}}\n",
      fmt::join(seeds, ", "));
}

/// Every axis in one section of the config, so that no two cells share it: the worst case.
std::string one_section(int cells) {
  std::vector<double> rates(static_cast<std::size_t>(cells / 100));
  for (std::size_t i = 0; i < rates.size(); ++i) rates[i] = 1e-6 * static_cast<double>(i + 1);
  return fmt::format(
      "sweep:\n"
      "  common:\n"
      "    training.learning_rate: [{}]\n"
      "    training.epochs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
      "    training.weight_decay: [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09]\n",
      fmt::join(rates, ", "));
}

void reading(benchmark::State& state, std::string (*yaml)(int)) {
  const std::string text = yaml(static_cast<int>(state.range(0)));
  std::size_t cells = 0;
  while (state.KeepRunning()) {
    const Experiment experiment = read_experiment(parse_config(text, "bench.yaml"));
    cells = experiment.cells.size();
    benchmark::DoNotOptimize(experiment.cells.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(cells) * state.iterations());
  state.counters["cells"] = static_cast<double>(cells);
}

BENCHMARK_CAPTURE(reading, sites_folds_and_seeds, sites_folds_and_seeds)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reading, one_section, one_section)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mofi

BENCHMARK_MAIN();
