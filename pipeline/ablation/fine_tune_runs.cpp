#include "ablation/fine_tune_runs.h"

#include <algorithm>
#include <cmath>

#include "distributed/gpu_plugin.h"
#include "training/fine_tune.h"
#include "training/start_weights.h"

namespace mofi {

DoRun fine_tune_runs(const World& world, InputsOf inputs) {
  return [&world, inputs = std::move(inputs)](const World& ranks, const PlannedRun& run,
                                              double timeout_s) -> RunResult {
    RunConfig config = run.cell->config;
    double& limit = config.training.time_limit_minutes;  // 0: none
    if (std::isfinite(timeout_s)) limit = limit > 0 ? std::min(limit, timeout_s / 60) : timeout_s / 60;
    const RunInputs of_run = inputs(*run.cell);
    const torch::Device device =
        choose_device(config.training.device, world.node_rank(), world.node_size(), true);
    const Keeping keeping = {run.folder, run.id, weights_metadata(run.cell->config, *of_run.tokens)};
    return fine_tune(ranks, config, of_run, device, keeping);
  };
}

}  // namespace mofi
