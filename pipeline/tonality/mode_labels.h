#pragma once
// How mode goes with the labels of a corpus: what a classifier that knew nothing but the mode could know.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "midi/corpus.h"
#include "tonality/key_survey.h"

namespace mofi {

/// How many pieces are major, minor and undefined.
using ModeCounts = std::array<int, 3>;
/// The place of a mode in ModeCounts.
std::size_t mode_index(std::uint8_t mode);

struct ModesByLabel {
  std::vector<std::string> class_names;
  std::vector<ModeCounts> of_class;
  ModeCounts unlabelled{};

  ModeCounts all() const;
  int labelled_pieces() const;
};

/// Entries of a table, pieces or segments, each with the label of its piece.
ModesByLabel count_modes(const ModeTable& table, const Corpus& corpus);
/// Files that were skipped are not counted.
ModesByLabel count_modes(const FoundKeys& found, const Corpus& corpus);

/// Of mode (undefined is one, too) and label in bits, over the labelled pieces: by how much one tells the
/// other. As estimated from counts it is above 0 even where they are independent, on average by about
/// `chance_bits` (Miller 1955: the degrees of freedom over 2 n ln 2).
struct MutualInformation {
  double bits = 0, chance_bits = 0;
};
MutualInformation mutual_information(const ModesByLabel& modes);

/// How often valence is right by the rule "major: high (Q1, Q4), minor: low (Q2, Q3)", undefined modes being
/// wrong, and how often by the better of always high and always low. Nothing unless the classes are Russell's
/// quadrants and something is labelled.
struct ValenceByMode {
  double accuracy = 0, constant_accuracy = 0;  ///< 0..1
};
std::optional<ValenceByMode> valence_by_mode(const ModesByLabel& modes);

/// The table mode x label, for people.
std::string table_of(const ModesByLabel& modes);
/// The rest of the above in sentences; empty where nothing is labelled.
std::string findings_of(const ModesByLabel& modes);

}  // namespace mofi
