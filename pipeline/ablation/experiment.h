#pragma once
// What one YAML file says: the data set, what every run has in common, and the axes along which runs differ.

#include <filesystem>
#include <string>
#include <vector>

#include "midi/dataset_config.h"
#include "midi/read_corpus.h"
#include "tokens/token_options.h"
#include "tonality/find_modes.h"
#include "training/run_config.h"

namespace mofi {

/// Ready-made inputs, for sweeps over tokens that other stages made. Empty: RESULTS/tokens.h5 and
/// RESULTS/mode.h5.
struct InputsConfig {
  std::string tokens, mode;
};

template <class Field>
void describe(Field& field, InputsConfig& c) {
  field("tokens", c.tokens, {.help = "tokens.h5", .is_volatile = true});
  field("mode", c.mode, {.help = "mode.h5", .is_volatile = true});
}

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
        {.help = "bootstrap resamples of an interval", .minimum = 100, .maximum = 1e7, .is_volatile = true});
  field("bootstrap_seed", c.bootstrap_seed, {.help = "seed of the resamples", .is_volatile = true});
}

/// One run that the sweep asks for.
struct Cell {
  RunConfig config;
  std::string slug;    ///< readable, and a file name: "mode_site1_seed2"
  std::string source;  ///< where the file asks for it, for messages
};

struct Experiment {
  std::string name = "experiment";
  DatasetConfig dataset;
  ReadOptions reading;
  TokenOptions tokens;
  ModeOptions tonality;
  InputsConfig inputs;
  ReportConfig report;
  RunConfig run;            ///< what every run has in common
  std::vector<Cell> cells;  ///< the sweep; one cell without one
};

/// Reads a whole experiment; builds and validates every cell. The `sweep:` section:
///
///   sweep:
///     common: {seed: [1, 2, 3]}                # crossed with every arm
///     arms:
///       - {injection.condition: none}
///       - {injection.condition: [constant, mode], injection.site: [0, 1, 2]}   # lists are crossed
///
/// Keys are dotted paths of run fields. Throws a usage error with file and line for anything wrong, and for
/// two cells that would be the same run.
Experiment read_experiment(const ConfigNode& root);

/// The readable part of a run's name.
std::string slug_of(const RunConfig& config);

/// Readable slug + the first 12 hexadecimal digits of the digest of semantic config, seed and input digests.
std::string run_id(const Cell& cell, const std::map<std::string, std::string>& input_digests);

/// SHA-256 of a semantic config.
std::string config_digest(const Json& semantic_config);

}  // namespace mofi
