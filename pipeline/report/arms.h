#pragma once
// Runs grouped into arms: an arm is what is compared, its runs are repetitions with other seeds and folds.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/runs.h"

namespace mofi {

inline constexpr const char* kNoValue = "–";  ///< in a cell that has nothing to say

struct Arm {
  /// What all runs of the arm share. Without injection (condition none) the other injection fields mean
  /// nothing and are left out, so that "none at site 0" and "none at site 3" are one arm; of a classical
  /// system, so are all fields of models and their training.
  FlatConfig config;
  std::vector<std::string> cells;  ///< its values of ArmSet::fields, kNoValue for those left out
  std::vector<const Run*> runs;    ///< by seed and fold
};

struct ArmSet {
  std::vector<std::string> fields;  ///< dotted paths of the config fields in which arms differ
  std::vector<std::string> names;   ///< the same, short: what a column is called
  std::vector<Arm> arms;            ///< by their cells, numbers by size
  bool cross_validated = false;     ///< runs have more than one fold
};

/// Groups runs by config. Refuses (kData) what must not be averaged or compared: two runs of an arm with the
/// same seed and fold, runs of an arm made from different inputs, arms made from different tokens. The arms
/// point into `runs`.
ArmSet group_arms(const std::vector<Run>& runs);

/// "condition=mode site=0"; "all runs" where there is but one arm.
std::string label(const ArmSet& set, const Arm& arm);

/// Dotted settings ("injection.condition=none") as pairs. Throws kUsage for anything else.
std::vector<std::pair<std::string, std::string>> parse_settings(const std::vector<std::string>& settings);

/// For every arm the index of the arm to compare it with, or nothing: the one that has these settings. When
/// several do (each of two model sizes without injection, say), it is the one that equals the arm in all
/// other sections.
std::vector<std::optional<std::size_t>> find_baselines(const ArmSet& set,
                                                       const std::vector<std::string>& settings);

}  // namespace mofi
