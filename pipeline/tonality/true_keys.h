#pragma once
// How many of the keys that were found are the true ones, where somebody has written those down.

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tonality/key_survey.h"

namespace mofi {

/// As Corpus::files; nothing for a file that the list leaves out.
using TrueKeys = std::vector<std::optional<Key>>;

/// From a CSV with the columns file (as in the data set), tonic_pc (0 = C … 11) and mode (major or minor).
/// It may leave out files of the corpus; a file that the corpus lacks is kData, because it hints at the wrong
/// folder.
TrueKeys read_true_keys(const std::filesystem::path& path, const Corpus& corpus);

struct KeyScore {
  std::array<int, kKeyRelations> relations{};  ///< found to true, by KeyRelation
  int modes_right = 0;

  int pieces() const;
  int keys_right() const { return relations[static_cast<std::size_t>(KeyRelation::kSame)]; }
};

struct KeyScores {
  std::array<KeyScore, 2> of_mode;  ///< by true mode, kMajor and kMinor
  int without_truth = 0;            ///< pieces that the list leaves out

  KeyScore all() const;
};

/// Files that were skipped are not counted.
KeyScores score_keys(const FoundKeys& found, const TrueKeys& truth);

/// How many are right, and how the others are related, by true mode.
std::string table_of(const KeyScores& scores);

/// The pieces whose key is not the true one, line by line, with both correlations: how close it was.
std::string wrong_keys(const ModeTable& table, const Corpus& corpus, const TrueKeys& truth);

}  // namespace mofi
