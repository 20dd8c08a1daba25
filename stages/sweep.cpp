// Many runs from one YAML: what would be done, doing it, how far it is.

#include "ablation/execute.h"
#include "ablation/experiment.h"
#include "ablation/inputs.h"
#include "core/error.h"
#include "core/stop.h"
#include "print_plan.h"
#include "ranked_stage.h"

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{"Plan, run or look at a sweep. Under mpirun, `run` gives whole runs to ranks."};
  ConfigOptions options;
  std::string action, results;
  app.add_option("action", action, "plan (what would be done, and why), run, or status (counts)")
      ->required()
      ->check(CLI::IsMember({"plan", "run", "status"}));
  add_config_options(app, options);
  app.add_option("--results", results,
                 "folder of the results; holds tokens.h5 and mode.h5 unless inputs says otherwise")
      ->required();
  app.footer(
      "Example:\n  mofi sweep plan --config configs/demo.yaml --results results/demo\n"
      "  mofi --ranks 2 sweep run --config configs/demo.yaml --results results/demo");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    const Experiment experiment = read_experiment(load(options));
    SweepInputs inputs(experiment.music, results);
    check_cells(experiment.cells, inputs);
    std::vector<PlannedRun> plan = plan_runs(experiment.cells, inputs, results);
    agree_on_states(world, plan);
    if (action == "run") {
      const SweepOutcome outcome = execute(world, plan, inputs);
      if (world.is_root()) require_success(outcome);
    } else if (world.is_root() && action == "plan") {
      print_plan(plan);
    } else if (world.is_root()) {
      fmt::print("{} runs: {}\n", plan.size(), count_states(plan));
    }
  });
}
