#pragma once
// The rows of one run: which are used, in which part of the split, and what the injection is told about each.

#include <optional>
#include <vector>

#include "tokens/token_table.h"
#include "tonality/mode_table.h"
#include "training/auxiliary.h"
#include "training/conditions.h"
#include "training/run_config.h"

namespace mofi {

struct DatasetRow {
  std::size_t row = 0;    ///< in the token table
  std::size_t piece = 0;  ///< in the token table
  int segment = 0;        ///< which row of its piece
  int first_word = 0;     ///< of the row of the table, where the words used begin
  int words = 0;          ///< words used, at most data.max_words
  int label = -1;
  SplitPart part = SplitPart::kNone;
  std::optional<int> shift = {};  ///< of a copy (training.expand); else it is drawn
};

/// A view of the tokens for one run; the table must outlive it.
struct Dataset {
  const TokenTable* tokens = nullptr;
  int classes = 0;
  std::vector<std::string> class_names;  ///< of data.target; empty where they are not known
  bool labels_turn = false;              ///< they are pitch classes, which move with transpositions
  int max_words = 0;
  std::vector<DatasetRow> rows;  ///< those in use; of make_dataset, labelled ones of a part
  /// Per piece; kUndefinedMode without a mode table, and where its segments have different modes.
  std::vector<std::uint8_t> mode;
  ConditionTable condition;
  AuxiliaryTargets auxiliary;  ///< of make_dataset alone: nothing else learns

  /// Indices into `rows` of those parts, in order.
  std::vector<std::size_t> rows_in(const std::vector<std::string>& parts) const;
};

/// Joins tokens, modes and features by id and digest, assigns parts, draws shuffled conditions. `modes` and
/// `features` may be null when the condition needs none. Throws a usage error for an unknown split and kData
/// where the files do not fit.
Dataset make_dataset(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
                     const FeatureTable* features = nullptr);

/// The shifts of the config's list or range that are legal for a piece, ascending; 0 alone where none is.
std::vector<int> wanted_shifts(const TokenScheme& scheme, const TokenPiece& piece,
                               const TrainingConfig& training);

/// Every row of the table, labelled or not, in part test: what `evaluate` scores.
Dataset whole_table(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
                    const FeatureTable* features = nullptr);

/// The number of ids of every column: what the model's embedding tables are made for.
std::vector<int> column_sizes(const TokenScheme& scheme);

/// The part called "train", "valid" or "test".
SplitPart part_named(const std::string& name);

}  // namespace mofi
