#include "ablation/experiment.h"

#include <algorithm>

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

/// What may stand at the top of a file: its fields and sections, and what is read apart from them.
void check_top_keys(const ConfigNode& root) {
  ExperimentBase defaults;
  FieldLister lister;
  describe(lister, defaults);
  std::vector<std::string> names;
  for (const auto* lines : {&lister.lines(), &lister.sections()})
    for (const FieldLine& line : *lines)
      if (line.path.find('.') == std::string::npos) names.push_back(line.path);
  names.insert(names.end(), {kSweep, "include"});
  for (const ConfigEntry& entry : root.entries)
    if (std::ranges::find(names, entry.key) == names.end()) refuse_key(entry.value, entry.key, "", names);
}

}  // namespace

std::filesystem::path results_folder(const std::string& given, const Experiment& experiment) {
  return given.empty() ? std::filesystem::path("results") / experiment.name : std::filesystem::path(given);
}

ExperimentBase read_base(const ConfigNode& root) { return read_config<ExperimentBase>(without_sweep(root)); }

Experiment read_experiment(const ConfigNode& root) {
  check_top_keys(root);
  const ConfigNode base = without_sweep(root);
  auto fields = read_config<ExperimentBase>(base);
  CellSet set = read_cells(base, root.find(kSweep));
  return {std::move(fields.name), std::move(fields.report), std::move(set.music), std::move(set.cells)};
}

}  // namespace mofi
