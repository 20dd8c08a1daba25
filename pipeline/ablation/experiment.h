#pragma once
// What one YAML file says: the name, how the table is made, and every run with the music it is trained on.

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/cells.h"

namespace mofi {

/// How the table is made.
struct ReportConfig {
  std::vector<std::string> baseline = {"injection.condition=none"};
  int bootstrap = 5000;
  std::uint64_t bootstrap_seed = 1;
};

template <class Field>
void describe(Field& field, ReportConfig& c) {
  field("baseline", c.baseline,
        {.help = "settings of the arm that others are compared with", .is_volatile = true});
  field("bootstrap", c.bootstrap,
        {.help = "bootstrap resamples of an interval",
         .unit = "resamples",
         .minimum = 100,
         .maximum = 1e7,
         .is_volatile = true});
  field("bootstrap_seed", c.bootstrap_seed, {.help = "seed of the resamples", .is_volatile = true});
}

/// The file but for its sweep: what every run has in common unless an axis sets it.
struct ExperimentBase {
  std::string name = "experiment";
  ReportConfig report;
  MusicConfig music;
  RunConfig run;
};

template <class Field>
void describe(Field& field, ExperimentBase& c) {
  field("name", c.name, {.help = "the experiment's name; results go to results/<name>", .is_volatile = true});
  describe(field, c.music);
  field("report", c.report, {.help = "how the table is made"});
  describe(field, c.run);
}

struct Experiment {
  std::string name;
  ReportConfig report;
  std::vector<MusicConfig> music;  ///< the distinct ones, at least one
  std::vector<Cell> cells;         ///< the sweep; one cell without one
};

/// The folder that was given, or results/<name>.
std::filesystem::path results_folder(const std::string& given, const Experiment& experiment);

/// Reads the fields of a file, and nothing of its sweep.
ExperimentBase read_base(const ConfigNode& root);

/// Reads a whole experiment; builds and checks every cell. What may stand in `sweep:` is told in
/// ablation/sweep_axes.h. Throws a usage error with file, line and cell for anything wrong.
Experiment read_experiment(const ConfigNode& root);

}  // namespace mofi
