// What a sweep costs besides its runs: to plan 100,000 of which 50,000 are done, to hand one out, to leave a
// result.

#include <benchmark/benchmark.h>

#include <memory>

#include "ablation/claims.h"
#include "ablation/run_folder.h"
#include "core/log.h"
#include "distributed/tickets.h"
#include "fake_runs.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

constexpr int kRuns = 100'000;

/// 100,000 runs of which every second one is done. The files of all results are links to those of one, under
/// the names of many: what is asked of each is the same.
struct LargeSweep {
  TemporaryFolder folder;
  FakeSweep sweep{kRuns, folder.path()};
  std::vector<PlannedRun> plan = name_runs(sweep.cells, sweep.inputs_of(), sweep.results);

  LargeSweep() {
    execute(World::alone(), {plan[0]}, FakeRuns{});
    const DoneRun done = *Ledger(sweep.results).find(plan[0].id);
    std::map<std::string, DoneRun> all;
    for (int i = 0; i < kRuns; i += 2) {
      std::filesystem::create_directories(plan[i].folder);
      for (const char* file : {kResultFile, kPredictionsFile})
        if (i > 0) std::filesystem::create_hard_link(plan[0].folder / file, plan[i].folder / file);
      all[plan[i].id] = done;
    }
    write_ledger(sweep.results, all);
  }
};

const LargeSweep& large_sweep() {
  static const LargeSweep sweep;
  return sweep;
}

/// Everything of a plan but reading the cells and naming the runs.
void plan_of_100000_runs(benchmark::State& state) {
  start_logging("off");
  auto plan = large_sweep().plan;
  for (auto _ : state) {
    Ledger ledger(large_sweep().sweep.results);
    look_at_runs(plan, ledger);
  }
  state.SetLabel(count_states(plan));
}
BENCHMARK(plan_of_100000_runs)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

/// To claim a run, to leave its result and to say so, on this file system.
void a_run_that_takes_no_time(benchmark::State& state) {
  start_logging("off");
  int done = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto folder = std::make_unique<TemporaryFolder>();
    const FakeSweep sweep(200, folder->path());
    const auto plan = sweep.plan();
    state.ResumeTiming();
    done += execute(World::alone(), plan, FakeRuns{}).done;
  }
  state.SetItemsProcessed(done);
}
BENCHMARK(a_run_that_takes_no_time)->Unit(benchmark::kMillisecond)->UseRealTime();

void a_claim(benchmark::State& state) {
  const TemporaryFolder folder;
  const FakeSweep sweep(1, folder.path());
  PlannedRun run = sweep.plan()[0];
  LifeWatch watch(sweep.results);
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(run.folder);
    state.ResumeTiming();
    benchmark::DoNotOptimize(claim_run(run, watch, {}));
  }
}
BENCHMARK(a_claim)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace mofi
