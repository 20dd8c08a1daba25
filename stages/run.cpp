// The whole chain on this machine: MIDI → tokens and modes → sweep → tables.

#include <algorithm>

#include "ablation/execute.h"
#include "ablation/inputs.h"
#include "ablation/prepare.h"
#include "ablation/remembered_plan.h"
#include "ablation/runs_of_systems.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/stop.h"
#include "print_plan.h"
#include "ranked_stage.h"
#include "report/report.h"

namespace mofi {
namespace {

/// A report for every music: scores on different pieces are not compared. What cannot be drawn takes nothing
/// from a sweep that is done.
void make_reports(const Experiment& experiment, const std::vector<PlannedRun>& plan,
                  const std::filesystem::path& results) {
  const std::vector<InputFiles> music = input_files(experiment.music, results);
  for (std::size_t i = 0; i < music.size(); ++i) {
    AblationOptions table;
    for (const PlannedRun& run : plan)
      if (run.cell->music == i) table.only.insert(run.id);
    table.baseline = experiment.report.baseline;
    table.bootstrap.resamples = experiment.report.bootstrap;
    table.bootstrap.seed = experiment.report.bootstrap_seed;
    if (!music[i].name.empty()) fmt::print("{}{}\n", i > 0 ? "\n" : "", music[i].name);
    try {
      const ReportSummary summary = report(results, results / music[i].name, table);
      fmt::print("{}", to_terminal(summary.tables.table));
      log_info("tables are in {}", (results / music[i].name / "tables").string());
      if (summary.no_plots) log_warning("{}", summary.no_plots->what());
      log_info("the report is {}", summary.page.string());
    } catch (const Error& error) {
      if (error.code() != ExitCode::kMissing || music.size() == 1) throw;
      log_warning("{}: no run on this music is done yet", music[i].name);
    }
  }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{
      "Do a whole experiment: tokens and modes from MIDI, every run of the sweep, the table.\n"
      "What is already there and verified is not done again."};
  ConfigOptions options;
  std::string data, results;
  bool dry_run = false;
  add_config_options(app, options);
  app.add_option("--data", data, "folder of the data set (instead of dataset.input)");
  app.add_option("--results", results, "folder of the results (default: results/<name of the experiment>)");
  app.add_flag("--dry-run", dry_run, "make tokens and modes, and say what would be run");
  app.footer("Example:\n  mofi run --config configs/emopia_tiny.yaml --data ~/data/emopia");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    ConfigNode root = load(options);
    if (!data.empty()) use_data(root, data);
    const Experiment experiment = read_experiment(root);
    const std::filesystem::path folder = results_folder(results, experiment);

    if (world.is_root()) compose_music(experiment, folder);
    world.barrier();
    make_inputs(experiment, folder, world.team());
    world.barrier();
    SweepInputs inputs(experiment.music, folder);
    check_cells(experiment.cells, inputs);
    Ledger ledger(folder);
    const std::vector<PlannedRun> plan = plan_runs(world, experiment.cells, inputs, ledger);
    if (dry_run) {
      if (world.is_root()) print_plan(plan, ledger);
      return;
    }
    if (world.is_root()) remember_plan(folder, plan);
    const MeasuredTimes times = world.is_root() ? measured_times(ledger) : MeasuredTimes{};
    const SweepOutcome outcome = execute(world, plan, runs_of_systems(world, inputs), {}, times);
    if (!world.is_root()) return;
    const bool any_result =
        outcome.done > 0 ||
        std::any_of(plan.begin(), plan.end(), [](const PlannedRun& run) { return run.is_done(); });
    if (!any_result) require_success(outcome);  // there is no table, and why not is in the list of failures
    make_reports(experiment, plan, folder);
    require_success(outcome);
  });
}
