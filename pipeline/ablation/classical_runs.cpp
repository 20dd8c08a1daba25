#include "ablation/classical_runs.h"

#include "baselines/classical_run.h"

namespace mofi {

DoRun classical_runs(InputsOf inputs) {
  return [inputs = std::move(inputs)](const World& ranks, const PlannedRun& run, double) -> RunResult {
    ranks.note(run.cell->config.system);
    return classical_run(run.cell->config, inputs(*run.cell));
  };
}

}  // namespace mofi
