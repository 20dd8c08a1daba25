#pragma once
// The sweep of a YAML file, as it is written: arms, each with its axes, and what is left out. What the axes'
// values mean is read cell by cell (ablation/cells.h).
//
//   sweep:
//     common:                                  # axes of every arm that has none of that name itself
//       seed: [1, 2, 3]                        # a field and its values; axes are crossed
//       corpus:                                # any other name: values with names, each of which sets
//         emopia: {dataset.name: emopia, data.split: song_level}         # several fields together
//         vgmidi: {dataset.name: vgmidi, data.split: folds, data.evaluate: [test]}
//     arms:                                    # a list, or by names, which reports and --only know
//       baseline: {injection.condition: none}
//       sites: {injection.condition: [constant, mode], injection.site: all}   # all: 0 to model.layers
//       others:                                # several mappings under one name
//         - {injection.condition: shuffled, injection.site: 0}
//         - {injection.condition: mode, injection.site: 0, tonality.profile: [simple, aarden_essen]}
//     exclude:                                 # cells that have all of these, as they are asked for
//       - {injection.condition: constant, injection.site: [1, 2]}
//
// A field is written as a dotted path or in its sections: `model: {size: [tiny, mini]}`. A sweep without arms
// is one arm of the common axes.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"

namespace mofi {

/// What one value of an axis sets, by dotted paths.
using Settings = std::vector<std::pair<std::string, ConfigNode>>;

struct AxisValue {
  std::string text;  ///< "13", "[valid, test]", "emopia"
  Settings settings;
  ConfigSource source;
};

struct SweepAxis {
  std::string name;         ///< the field's dotted path, or the axis's own name
  bool is_named = false;    ///< its values have names and set several fields
  bool every_site = false;  ///< injection.site: all, or head.state: all
  std::vector<AxisValue> values;
  ConfigSource source;
};

using SharedAxes = std::vector<std::shared_ptr<const SweepAxis>>;

struct SweepArm {
  std::string group;  ///< the arm's name; empty in a list of arms
  SharedAxes axes;    ///< its own, then the common ones; the first turns slowest
  ConfigSource source;
};

/// One line of `exclude`: the fields or named axes and the values that together are left out.
struct Exclusion {
  struct Condition {
    std::string name;
    bool is_named = false;  ///< a named axis; its values are names
    std::vector<ConfigNode> values;
  };
  std::vector<Condition> conditions;
  ConfigSource source;
};

struct Sweep {
  std::vector<SweepArm> arms;
  std::vector<Exclusion> exclusions;
};

/// The fields that an axis may set, in order, and the sections in which they are.
struct AxisFields {
  std::vector<FieldLine> fields;

  const FieldLine* find(const std::string& path) const;
  bool is_section(const std::string& path) const;
  /// Throws the usage error for a path that is neither; `axes` are what else may stand there.
  [[noreturn]] void refuse(const ConfigNode& node, const std::string& path,
                           const std::vector<std::string>& axes = {}) const;
};

/// Throws a usage error with file and line for anything that is not written as above.
Sweep read_sweep(const ConfigNode& sweep, const AxisFields& fields);

}  // namespace mofi
