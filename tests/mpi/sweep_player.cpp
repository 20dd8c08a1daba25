// A sweep of fake runs by the real executor, for tests that hurt it: sweep_player plan|run RESULTS …

#include <CLI/CLI.hpp>
#include <csignal>

#include "core/log.h"
#include "distributed/tickets.h"
#include "fake_runs.h"
#include "ranked_stage.h"

namespace mofi {
namespace {

struct Play {
  std::string action, results, log, fails, dies;
  int runs = 20;
  double milliseconds = 10;
  SweepOptions options;
};

/// Prints how long ranks wait for their next run while the first one is at work.
void time_hand_outs(const World& world, int runs) {
  TicketQueue tickets(world, runs);
  const Stopwatch watch;
  int taken = 0;
  while (!world.is_root() && tickets.next()) ++taken;
  const double each_ms = 1e3 * watch.seconds() / (taken + 1);
  tickets.finish();
  for (const std::string& text : world.gather(fmt::format("{} {:.3f}", taken, each_ms)))
    if (world.is_root()) fmt::print("{}\n", text);
}

void play(const World& world, const Play& play) {
  if (play.action == "hand-out") return time_hand_outs(world, play.runs);
  const FakeSweep sweep(play.runs, play.results);
  Ledger ledger(sweep.results);
  const auto plan = plan_runs(world, sweep.cells, sweep.inputs_of(), ledger, play.options.plan);
  if (play.action == "plan") {
    for (const PlannedRun& run : plan)
      if (world.is_root()) fmt::print("{}\t{}\t{}\n", run.id, state_name(run.state), run.reason);
    return;
  }
  FakeRuns runs{play.milliseconds / 1000, play.log, [&](const PlannedRun& run) {
                  if (run.cell->slug == play.fails)
                    fail(ExitCode::kInternal, "as it was asked to\nwith a stack");
                  if (run.cell->slug != play.dies) return;
                  std::this_thread::sleep_for(std::chrono::duration<double>(play.milliseconds / 2000));
                  std::raise(SIGKILL);
                }};
  const SweepOutcome outcome = execute(world, plan, runs, play.options);
  if (world.is_root()) require_success(outcome);
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();
  CLI::App app{"A sweep of fake runs."};
  Play command;
  app.add_option("action", command.action)->required();
  app.add_option("results", command.results)->required();
  app.add_option("--log", command.log);
  app.add_option("--runs", command.runs);
  app.add_option("--milliseconds", command.milliseconds);
  app.add_option("--fails", command.fails);
  app.add_option("--dies", command.dies);
  app.add_option("--max-attempts", command.options.plan.max_attempts);
  app.add_option("--max-failures", command.options.max_failures);
  app.add_option("--ranks-per-run", command.options.ranks_per_run);
  app.add_option("--run-timeout", command.options.run_timeout_minutes);
  app.add_option("--lease", command.options.lease_s);
  app.add_option("--heartbeat", command.options.heartbeat_s);
  return run_ranked_stage(argc, argv, app, [&](const World& world) { play(world, command); });
}
