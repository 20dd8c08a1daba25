#pragma once
// What `mofi mode` tells of its keys: one method in full, or methods side by side.

#include <optional>
#include <span>
#include <string>

#include "tonality/key_survey.h"
#include "tonality/true_keys.h"

namespace mofi {

/// The modes of a table, of pieces or of segments, by label, in a few lines.
std::string summary_of(const ModeTable& table, const Corpus& corpus);

/// The same, with what the modes say of the labels, how many keys are true, and which are not.
std::string report_of(const ModeTable& table, const Corpus& corpus, const std::optional<TrueKeys>& truth);

/// Methods, one a line: what their modes say of the labels, and how many of their keys are true. A table
/// with a heading and a legend. Columns of what is not known (labels, quadrants, true keys) are left out.
std::string comparison_of(std::span<const FoundKeys> methods, const Corpus& corpus,
                          const std::optional<TrueKeys>& truth);

/// How many pieces have one mode by one method and another by the other.
int flipped_modes(const FoundKeys& one, const FoundKeys& other);

}  // namespace mofi
