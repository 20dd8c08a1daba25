#pragma once
// What a model may learn beside emotion, to know more of music: the key that the mode file has of every row.
// After Qiu, Chen & Zhang, "A Novel Multi-Task Learning Method for Symbolic Music Emotion Recognition" (arXiv
// 2201.05782), whose MT-MIDIBERT learns targets that the music itself gives. Not public there: which they are
// (key, velocity and bars, as it is remembered), their heads and their weight. Velocity is no target here:
// tokens of scheme cp4 have none.

#include <cstdint>
#include <string>
#include <vector>

#include "tokens/token_table.h"
#include "training/join_modes.h"

namespace mofi {

/// One of training.auxiliary: key (C … B major, C … B minor), tonic (C … B) or mode (major, minor).
struct AuxiliaryTask {
  std::string name;
  int classes = 0;
  bool turns = false;  ///< classes are pitch classes, in blocks of 12, and move with transpositions

  bool operator==(const AuxiliaryTask&) const = default;
};
AuxiliaryTask auxiliary_task(const std::string& name);

struct AuxiliaryTargets {
  std::vector<AuxiliaryTask> tasks;
  std::vector<std::int64_t> label;  ///< [tasks, rows of the token table]; -1 where the key is undefined
};

/// Throws a usage error where there are tasks but no keys.
AuxiliaryTargets make_auxiliary_targets(const std::vector<std::string>& names, const TokenTable& tokens,
                                        const ModeUnits& keys);

}  // namespace mofi
