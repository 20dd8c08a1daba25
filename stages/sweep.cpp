// Many runs from one YAML: what would be done, doing it, how far it is.

#include <fmt/ranges.h>

#include "ablation/execute.h"
#include "ablation/experiment.h"
#include "ablation/explain.h"
#include "ablation/inputs.h"
#include "ablation/left_overs.h"
#include "ablation/remembered_plan.h"
#include "ablation/runs_of_systems.h"
#include "core/error.h"
#include "core/log.h"
#include "core/stop.h"
#include "print_plan.h"
#include "ranked_stage.h"
#include "sweep_slurm.h"

namespace mofi {
namespace {

struct SweepCommand {
  ConfigOptions config;
  std::string action, results, why, positions, format;
  std::vector<std::string> rerun;
  bool fail_fast = false, retry_failed = false, dry_run = false, orphans = false, verify = false;
  std::vector<std::string> only;
  SweepOptions options;
  SlurmOptions slurm;
  ActionOptions limited;
};

void add_options(CLI::App& app, SweepCommand& command) {
  app.add_option(
         "action", command.action,
         "plan (what would be done, and why), run, status (what is under way, what failed), retry (what "
         "failed, from the first attempt), gc (remove what is left over), submit (jobs that run it, to "
         "Slurm), or "
         "cancel (those jobs)")
      ->required()
      ->check(one_of({"plan", "run", "status", "retry", "gc", "submit", "cancel"}));
  add_config_options(app, command.config);
  app.add_option("--results", command.results,
                 "folder of the results; holds tokens.h5 and mode.h5 unless inputs says otherwise (default: "
                 "results/<name of the experiment>)");

  SweepOptions& options = command.options;
  const auto only_for = [&](const char* actions, CLI::Option* option) {
    return command.limited.only_for(actions, option);
  };
  const char* of_runs = "plan, run, status, retry";
  only_for(of_runs, app.add_option("--rerun", command.rerun,
                                   "what else is to be done: what another version of the program did (code), "
                                   "what was given up (failed), or all. Of changed inputs and configs every "
                                   "run is another one anyway"))
      ->delimiter(',')
      ->check(one_of({"code", "failed", "all"}));
  only_for(of_runs, app.add_option("--only", command.only, "names of arms: their runs alone"))
      ->delimiter(',');
  only_for(of_runs,
           app.add_option("--runs", command.positions, "FIRST-LAST: only these of the plan, counted from 0"));
  only_for(of_runs, app.add_option("--max-attempts", options.plan.max_attempts,
                                   "errors and crashes after which a run is given up; 0: never. That it was "
                                   "stopped, or took too long, does not count"))
      ->check(integer(0));
  only_for(of_runs, app.add_flag("--verify", command.verify,
                                 "read every result in full, not only those that changed"));
  only_for("plan", app.add_option("--why", command.why,
                                  "all that is known of this run; the beginning of its name will do"));

  const char* doing = "run, retry";
  only_for(doing,
           app.add_option("--ranks-per-run", options.ranks_per_run, "ranks that train one run together"))
      ->check(integer(1));
  only_for(doing, app.add_option("--max-failures", options.max_failures,
                                 "begin no more runs after so many failures; 0: always go on"))
      ->check(integer(0));
  only_for(doing,
           app.add_flag("--fail-fast", command.fail_fast, "begin no more runs after the first failure"));
  only_for(doing, app.add_option("--run-timeout", options.run_timeout_minutes,
                                 "minutes after which a run keeps a checkpoint and makes room for others; 0: "
                                 "never"))
      ->check(number(0));
  only_for(doing, app.add_option("--lease", options.lease_s,
                                 "seconds without a sign of life after which a process on another machine is "
                                 "taken for dead"))
      ->check(number(1));
  only_for("retry", app.add_flag("--failed", command.retry_failed, "what failed"));
  only_for("run, retry, gc, submit",
           app.add_flag("--dry-run", command.dry_run,
                        "only say what would be done, as plan does; of submit, the job scripts"));
  only_for("submit", app.add_option("--cluster", command.slurm.profile,
                                    "profile of the site, such as cluster/profiles/gpu_node.yaml"));
  only_for("submit", app.add_flag("--again", command.slurm.again,
                                  "also while earlier jobs of these results wait or run"));
  only_for("gc", app.add_flag("--orphans", command.orphans,
                              "unfinished runs that the sweep no longer asks for, too"));
  const auto format = [&](const char* name) {
    return only_for("status", app.add_flag_callback(
                                  std::string("--") + name, [&command, name] { command.format = name; },
                                  "for other programs"));
  };
  format("json")->excludes(format("tsv"));
  app.footer(
      "Examples:\n  mofi sweep plan --config configs/demo.yaml --results results/demo\n"
      "  mofi --ranks 2 sweep run --config configs/demo.yaml --results results/demo\n"
      "  mofi sweep status --config configs/demo.yaml --results results/demo --tsv\n"
      "  mofi sweep submit --config configs/demo.yaml --cluster cluster/profiles/cpu_node.yaml --dry-run");
}

/// Those of the arms of these names.
void keep_arms(std::vector<PlannedRun>& plan, const std::vector<std::string>& arms) {
  std::set<std::string> there;
  for (const PlannedRun& run : plan)
    if (!run.cell->group.empty()) there.insert(run.cell->group);
  for (const std::string& arm : arms)
    if (!there.contains(arm))
      fail(ExitCode::kUsage, "--only names arm '{}'; this sweep has {}", arm,
           there.empty() ? "none with a name" : fmt::format("{}", fmt::join(there, ", ")));
  if (arms.empty()) return;
  std::erase_if(
      plan, [&](const PlannedRun& run) { return std::ranges::find(arms, run.cell->group) == arms.end(); });
}

/// Those of "12-34", both counted.
void keep_positions(std::vector<PlannedRun>& plan, const std::string& positions) {
  if (positions.empty()) return;
  std::size_t first = 0, last = 0;
  int read = 0;
  if (std::sscanf(positions.c_str(), "%zu-%zu%n", &first, &last, &read) != 2 ||
      static_cast<std::size_t>(read) != positions.size() || last < first)
    fail(ExitCode::kUsage, "--runs is '{}'; expected FIRST-LAST, such as 0-99", positions);
  if (first >= plan.size())
    fail(ExitCode::kUsage, "--runs is {}; the plan has {} runs", positions, plan.size());
  plan.erase(plan.begin() + static_cast<std::ptrdiff_t>(std::min(last + 1, plan.size())), plan.end());
  plan.erase(plan.begin(), plan.begin() + static_cast<std::ptrdiff_t>(first));
}

void collect_garbage(const std::vector<PlannedRun>& plan, const SweepCommand& command) {
  std::set<std::string> wanted;
  for (const PlannedRun& run : plan) wanted.insert(run.id);
  const auto left_overs = find_left_overs(command.results, wanted, command.orphans);
  std::uintmax_t bytes = 0;
  for (const LeftOver& left_over : left_overs) {
    fmt::print("{}: {}\n", left_over.path.string(), left_over.what);
    bytes += bytes_of(left_over);
  }
  if (!command.dry_run) bytes = remove(left_overs);
  fmt::print("{} left-overs of {:.1f} MB {}\n", left_overs.size(), static_cast<double>(bytes) / 1e6,
             command.dry_run ? "would be removed" : "removed");
}

void sweep(const World& world, SweepCommand& command) {
  command.limited.check("sweep", command.action);
  SweepOptions& options = command.options;
  options.plan.rerun = {command.rerun.begin(), command.rerun.end()};
  if (command.fail_fast) options.max_failures = 1;
  if (command.action == "retry" && !command.retry_failed)
    fail(ExitCode::kUsage, "sweep retry: say what, as in `mofi sweep retry --failed`");

  const Experiment experiment = read_experiment(load(command.config));
  command.results = results_folder(command.results, experiment).string();
  if (command.action == "cancel") {
    if (world.is_root()) cancel(command.results);
    return;
  }
  SweepInputs inputs(experiment.music, command.results);
  check_cells(experiment.cells, inputs);
  Ledger ledger(command.results, command.verify);
  std::vector<PlannedRun> plan = plan_runs(world, experiment.cells, inputs, ledger, options.plan);
  const bool is_asked_for = !command.dry_run && (command.action == "run" || command.action == "retry" ||
                                                 command.action == "submit");
  if (world.is_root() && is_asked_for)
    remember_plan(command.results, plan);  // all of it, whatever --only says
  keep_arms(plan, command.only);
  if (command.action == "submit") {
    command.slurm.dry_run = command.dry_run;
    if (world.is_root()) submit(command.slurm, load(command.config), command.results, plan.size());
    return;
  }
  keep_positions(plan, command.positions);

  if (command.action == "retry") {
    if (world.is_root() && command.dry_run) {
      for (const PlannedRun& run : plan)
        if (run.state == PlannedRun::State::kRetry || run.state == PlannedRun::State::kGivenUp)
          fmt::print("{}: {}\n", run.id, run.reason);
    }
    if (command.dry_run) return;
    if (world.is_root()) log_info("{} runs get all of their attempts again", retry_failed(plan).size());
    world.barrier();
    plan = plan_runs(world, experiment.cells, inputs, ledger, options.plan);
    keep_arms(plan, command.only);
    keep_positions(plan, command.positions);
  }
  if (command.action == "run" && command.dry_run) {
    if (world.is_root()) print_plan(plan, ledger);
    return;
  }
  if (command.action == "run" || command.action == "retry") {
    const MeasuredTimes times = world.is_root() ? measured_times(ledger) : MeasuredTimes{};
    const SweepOutcome outcome = execute(world, plan, runs_of_systems(world, inputs), options, times);
    if (world.is_root()) require_success(outcome);
    return;
  }
  if (!world.is_root()) return;
  if (command.action == "gc") return collect_garbage(plan, command);
  if (command.action == "status") {
    print_status(plan, command.results, command.format);
    if (command.format.empty()) print_jobs(command.results);
    return;
  }
  if (command.why.empty()) return print_plan(plan, ledger);
  fmt::print("{}", explain(run_named(plan, command.why), ledger));
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{
      "Plan, run or look at a sweep. Under mpirun, `run` gives whole runs to ranks;\n"
      "any number of jobs, on any machines, may run the same sweep into the same folder."};
  SweepCommand command;
  add_options(app, command);
  return run_ranked_stage(argc, argv, app, [&](const World& world) { sweep(world, command); });
}
