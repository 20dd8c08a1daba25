#pragma once
// What one YAML file says: the data set, what every run has in common, and the axes along which runs differ.

#include <filesystem>
#include <string>
#include <vector>

#include "midi/corpus.h"
#include "midi/synthetic_corpus.h"
#include "tonality/find_modes.h"
#include "training/run_config.h"

namespace mofi {

/// Where the music comes from.
struct DatasetConfig {
  std::string name = "folder";
  std::string input;
  std::string labels;
  SyntheticCorpusConfig synthetic;
};

template <class Field>
void describe(Field& field, DatasetConfig& c) {
  field("name", c.name,
        {.help = "emopia, vgmidi, folder (MIDI files and a labels.csv) or synthetic (composed on the spot)",
         .choices = {"emopia", "vgmidi", "folder", "synthetic"}});
  field("input", c.input, {.help = "the data set's folder, what --data gives", .is_volatile = true});
  field("labels", c.labels,
        {.help = "CSV file,label[,group,split] of a folder; empty: labels.csv in it", .is_volatile = true});
  field("synthetic", c.synthetic, {.help = "the composed corpus"});
}

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
