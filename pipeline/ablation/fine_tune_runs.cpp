#include "ablation/fine_tune_runs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "distributed/gpu_plugin.h"
#include "training/fine_tune.h"
#include "training/start_weights.h"

namespace mofi {

DoRun fine_tune_runs(const World& world, InputsOf inputs) {
  // Runs of a sweep begin from few files, each of which is read once a process.
  auto files = std::make_shared<std::map<std::string, WeightsFile>>();
  auto frozen = std::make_shared<FrozenCache>();
  return [&world, inputs = std::move(inputs), files, frozen](const World& ranks, const PlannedRun& run,
                                                             double timeout_s) -> RunResult {
    RunConfig config = run.cell->config;
    double& limit = config.training.time_limit_minutes;  // 0: none
    if (std::isfinite(timeout_s)) limit = limit > 0 ? std::min(limit, timeout_s / 60) : timeout_s / 60;
    RunInputs of_run = inputs(*run.cell);
    if (const std::string& path = config.training.weights; !path.empty()) {
      if (!files->contains(path)) files->emplace(path, read_weights(path));
      of_run.weights = &files->at(path);
    }
    const torch::Device device =
        choose_device(config.training.device, world.node_rank(), world.node_size(), true);
    const Keeping keeping = {run.folder, run.id, weights_metadata(run.cell->config, *of_run.tokens)};
    return fine_tune(ranks, config, of_run, device, keeping, nullptr, frozen.get());
  };
}

}  // namespace mofi
