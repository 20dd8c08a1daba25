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
  /// nothing and are left out, so that "none at site 0" and "none at site 3" are one arm; so is the site of
  /// what goes in at several, or at the logits, and all that a system does not have (has_section).
  FlatConfig config;
  std::string system;
  std::vector<std::string> cells;  ///< its values of ArmSet::fields, kNoValue for those left out
  std::vector<const Run*> runs;    ///< by seed and fold
};

struct ArmSet {
  /// Dotted paths of the config fields in which arms of one system differ, after the system itself where
  /// there are several: what only tells systems apart is no difference between arms.
  std::vector<std::string> fields;
  std::vector<std::string> names;  ///< the same, short: what a column is called
  std::vector<Arm> arms;           ///< by their cells, numbers by size
  bool cross_validated = false;    ///< runs have more than one fold
};

/// Groups runs by config. Refuses (kData) what must not be averaged: two runs of an arm with the same seed
/// and fold, runs of an arm made from different inputs. The arms point into `runs`.
ArmSet group_arms(const std::vector<const Run*>& runs);

/// "condition=mode site=0"; "logistic" of a system without fields; "all runs" where there is but one arm.
std::string label(const ArmSet& set, const Arm& arm);

/// "injection.condition=none", or "!=".
struct Setting {
  std::string path, value;
  bool equal = true;
};
/// Throws kUsage for what is no setting.
std::vector<Setting> parse_settings(const std::vector<std::string>& settings);

/// Whether the arm has all of them. "injection.site=last" is the site after the last layer, "middle"
/// that after half of them. Settings are of midibert unless they name a system.
bool has_settings(const Arm& arm, const std::vector<Setting>& settings);

/// For every arm the index of the arm to compare it with, or nothing: the one that has these settings. When
/// several do (each of two model sizes without injection, say), it is the one that equals the arm in all
/// other sections; when that is not one either (a constant at every site), the one that equals it in all
/// other fields.
std::vector<std::optional<std::size_t>> find_baselines(const ArmSet& set,
                                                       const std::vector<std::string>& settings);

}  // namespace mofi
