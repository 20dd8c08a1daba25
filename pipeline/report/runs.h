#pragma once
// The finished runs of a results folder, reduced to what tables need: the config, and for every evaluated
// piece what it is and what was predicted. 10,000 runs fit into memory this way.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "report/flat_config.h"

namespace mofi {

/// Texts by number: the same piece and song ids come back in every run.
class Names {
 public:
  std::uint32_t number(const std::string& name);
  const std::string& name(std::uint32_t number) const { return names_[number]; }
  /// Numbers names anew, in the order of the alphabet: the number of each old number.
  std::vector<std::uint32_t> sort();

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

struct PieceOutcome {
  std::uint32_t piece = 0, song = 0, split = 0;  ///< numbers of RunSet::names
  int label = 0, predicted = 0;
  std::uint8_t mode = 255;  ///< 0 major, 1 minor, else undefined
  float confidence = 0;     ///< the probability of what is predicted
};

/// Answers of another unit than the piece.
struct UnitCount {
  std::int64_t scored = 0, right = 0;
};

struct Run {
  std::string id, folder;             ///< `folder` within the results folder
  FlatConfig config;                  ///< without seed, fold and division, with what it leaves unstated
  std::string system;                 ///< config field "system"
  std::int64_t seed = 0;              ///< config field "seed"
  std::int64_t division = 0;          ///< config field "data.fold_seed": how songs were dealt to folds
  std::int64_t repetition = 0;        ///< seed and division as one number: RunSet::repetitions
  std::optional<std::int64_t> fold;   ///< config field "data.fold", if there is one
  std::vector<std::string> evaluate;  ///< config field "data.evaluate", else all splits that were predicted
  int classes = 4;
  bool quadrants = true;  ///< whether the classes are Russell's
  std::string dataset;
  std::string config_sha256;
  /// What was recorded after every epoch, by field ("loss", "valid.accuracy"): a number an epoch, NaN where
  /// one lacks it.
  std::map<std::string, std::vector<double>> history;
  std::vector<PieceOutcome> outcomes;
  std::map<std::uint32_t, UnitCount> rows, songs;  ///< by split: statistics/scores.h says what they are
  std::map<std::string, std::string> inputs;       ///< content digests by name
  std::map<std::string, std::string> input_names;  ///< what is known of them, from provenance.input_names
  std::string predictions_sha256;
  std::string producer;
  Json invariance;  ///< metrics.invariance (training/invariance.h); null where it was not asked for
};

/// What an input is called: by the record, or "mode_" and the beginning of its digest; `absent` without one.
std::string name_of_input(const Run& run, const std::string& input, const std::string& absent);

struct SkippedRun {
  std::string folder;
  std::string reason;   ///< names the folder or the file
  bool failed = false;  ///< its last attempt ended in an error, a crash or for lack of time
};

struct RunSet {
  std::vector<Run> runs;            ///< by id
  std::vector<SkippedRun> skipped;  ///< by folder: unfinished, damaged, or not understood
  Names names;                      ///< in the order of the alphabet
  /// What is repeated: a seed, which is its own number; where songs were dealt to folds in several ways, a
  /// seed in one of them, by the numbers 1, 2 …
  struct Repetition {
    std::int64_t division = 0, seed = 0;
    auto operator<=>(const Repetition&) const = default;
  };
  std::map<std::int64_t, Repetition> repetitions;
  std::size_t divisions = 0;
};

/// Reads all of `results_dir`/runs/*. Throws kMissing when there is no such folder; a folder that is no
/// finished run is listed with the reason and never dropped in silence. Reasons name files relative to
/// `results_dir`.
RunSet read_runs(const std::filesystem::path& results_dir, const std::set<std::string>& only = {});

}  // namespace mofi
