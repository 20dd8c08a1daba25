#include "ablation/execute.h"

#include <fmt/ranges.h>

#include <chrono>

#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/stop.h"
#include "distributed/gpu_plugin.h"
#include "distributed/tickets.h"
#include "training/fine_tune.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

std::string accuracies(const Json& metrics) {
  std::string text;
  for (const auto& [part, score] : metrics.items())
    text += fmt::format("{}{} {:.3f}", text.empty() ? "" : ", ", part, score["accuracy"].get<double>());
  return text;
}

void do_run(const World& world, const PlannedRun& run, const RunInputs& inputs) {
  const RunConfig& config = run.cell->config;
  const torch::Device device =
      choose_device(config.training.device, world.node_rank(), world.node_size(), true);
  const Keeping keeping = {run.folder, run.id, weights_metadata(config, *inputs.tokens)};
  const RunOutcome outcome = fine_tune(World::alone(), config, inputs, device, keeping);
  write_run_folder(run.folder, run.id, config, input_digests(config, inputs), outcome);
  remove_checkpoints(keeping);
  log_info("{} done in {}: accuracy {}", run.id, readable_duration(outcome.timing["total_s"].get<double>()),
           accuracies(outcome.metrics));
}

/// "run id: reason". The reason is left in the run's folder, too; where that is not possible, the others
/// still go on.
std::string failure_line(const PlannedRun& run, const std::string& reason) {
  try {
    write_failure(run.folder, reason);
  } catch (const Error& error) {
    log_warning("{}", error.what());
  }
  return run.id + ": " + first_line(reason) + "\n";
}

}  // namespace

SweepOutcome execute(const World& world, const std::vector<PlannedRun>& plan, const InputsOf& inputs) {
  std::vector<const PlannedRun*> todo;
  for (const PlannedRun& run : plan)
    if (!run.is_done()) todo.push_back(&run);
  if (world.is_root()) {
    log_info("{} runs: {}", plan.size(), count_states(plan));
    if (todo.empty()) log_info("nothing to do: the result of every run is there and verified");
  }

  int done = 0;
  bool was_stopped = false;
  std::string failed;
  {
    TicketQueue tickets(world, static_cast<std::int64_t>(todo.size()));
    ProgressBar bar("sweep", "runs handed out", static_cast<std::int64_t>(todo.size()), !world.is_root());
    while (requested_stop() == 0) {
      const auto ticket = tickets.next();
      if (!ticket) break;
      const PlannedRun& run = *todo[static_cast<std::size_t>(*ticket)];
      bar.update(*ticket + 1, run.cell->slug);
      try {
        do_run(world, run, inputs(*run.cell));
        ++done;
      } catch (const Error& error) {
        was_stopped = error.code() == ExitCode::kStopped;  // by a signal, or as its time was over
        if (was_stopped) break;
        failed += failure_line(run, error.what());
      } catch (const std::exception& error) {
        failed += failure_line(run, error.what());
      }
    }
    was_stopped |= requested_stop() != 0;
    if (was_stopped) tickets.stop();
    tickets.finish();
  }
  const int stop_signal = world.maximum(requested_stop());
  if (world.maximum(was_stopped ? 1 : 0) != 0)
    fail(ExitCode::kStopped,
         "stopped {}; finished runs are kept, the same command goes on with the others where they "
         "stand",
         stop_signal != 0 ? fmt::format("by signal {}", stop_signal) : "as the time of a run was over");

  SweepOutcome outcome;
  for (const std::string& text : world.gather(std::to_string(done))) outcome.done += std::stoi(text);
  for (const std::string& text : world.gather(failed)) {
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      outcome.failed.push_back(text.substr(at, end - at));
  }
  return outcome;
}

void require_success(const SweepOutcome& outcome) {
  if (outcome.failed.empty()) return;
  fail(ExitCode::kFailedRuns, "{} of {} runs failed (the others are kept):\n  {}", outcome.failed.size(),
       outcome.failed.size() + static_cast<std::size_t>(outcome.done), fmt::join(outcome.failed, "\n  "));
}

}  // namespace mofi
