#pragma once
// What the injection is told about every row, as numbers.

#include <span>
#include <vector>

#include "features/feature_table.h"
#include "midi/split_part.h"
#include "training/join_modes.h"
#include "training/run_config.h"

namespace mofi {

struct ConditionTable {
  int width = 0;  ///< numbers a row; 0 without injection
  /// So many leading numbers, in blocks of 12 pitch classes from C, move with the music: a row that is
  /// shifted by s semitones is told block[p - s] as block[p].
  int turning = 0;
  /// How much each number grows with every semitone that the row is shifted up; empty: none does.
  std::vector<float> sliding;
  std::vector<float> values;  ///< [rows of the token table, width]

  std::span<const float> row(std::size_t r) const {
    return std::span(values).subspan(r * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
  }
  bool operator==(const ConditionTable&) const = default;
};

/// By injection.condition:
///   mode             (1, 0) major, (0, 1) minor, (1/2, 1/2) undefined
///   mode_confidence  the same and the margin: the best correlation of that mode less the other's
///   key              one-hot of C … B major, C … B minor; 1/24 each where undefined
///   correlations     Pearson's r with those 24 keys
///   profile          weights of the pitch classes C … B, 12 times their share, so 1 on average
///   features         those of injection.features, less their centre, by their spread
///                    (features/feature_list.h)
///   constant         (1/2, 1/2)
///   shuffled         modes of other pieces of the same part, so that their shares stay what they are and
///                    no mode of a test piece is seen in training
///   random           major or minor by a coin
///   labels           one-hot of the class; equal shares where there is none
/// `part` is by piece; `features` may be null for other conditions than features. Throws a usage error for a
/// condition that needs keys, or features, where there are none.
ConditionTable make_conditions(const RunConfig& config, const TokenTable& tokens, const ModeUnits& keys,
                               const FeatureTable* features, const std::vector<SplitPart>& part);

/// Whether a condition is told of keys, so needs a mode file.
bool needs_keys(const InjectionConfig& injection);

}  // namespace mofi
