#include "ablation/experiment.h"

namespace mofi {
namespace {

constexpr const char* kSweep = "sweep";

ConfigNode without_sweep(const ConfigNode& root) {
  ConfigNode base;
  base.kind = root.kind;
  base.source = root.source;
  for (const ConfigEntry& entry : root.entries)
    if (entry.key != kSweep) base.entries.push_back(entry);
  return base;
}

}  // namespace

ExperimentBase read_base(const ConfigNode& root) { return read_config<ExperimentBase>(without_sweep(root)); }

Experiment read_experiment(const ConfigNode& root) {
  const ConfigNode base = without_sweep(root);
  auto fields = read_config<ExperimentBase>(base);
  CellSet set = read_cells(base, root.find(kSweep));
  return {std::move(fields.name), std::move(fields.report), std::move(set.music), std::move(set.cells)};
}

}  // namespace mofi
