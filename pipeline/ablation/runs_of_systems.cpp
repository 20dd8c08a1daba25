#include "ablation/runs_of_systems.h"

#include "ablation/classical_runs.h"
#include "ablation/fine_tune_runs.h"

namespace mofi {

DoRun runs_of_systems(const World& world, const InputsOf& inputs) {
  return [neural = fine_tune_runs(world, inputs), classical = classical_runs(inputs)](
             const World& ranks, const PlannedRun& run, double timeout_s) {
    return (is_classical(run.cell->config.system) ? classical : neural)(ranks, run, timeout_s);
  };
}

}  // namespace mofi
