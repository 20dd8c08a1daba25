#pragma once
// What a run recognises of every row (data.target).

#include <string>
#include <vector>

#include "training/join_modes.h"

namespace mofi {

struct Target {
  std::vector<std::string> class_names;  ///< empty where the tokens have no labels
  std::vector<int> label_of_row;         ///< by row of the token table; -1 unknown
  bool turns = false;                    ///< labels are pitch classes, which move with transpositions
};

/// label: as the tokens have it. valence, arousal: low or high, of quadrants. mode, tonic: of the key of the
/// row or its piece. Throws a usage error where these tokens or keys do not have it.
Target make_target(const std::string& target, const TokenTable& tokens, const ModeUnits& keys);

}  // namespace mofi
