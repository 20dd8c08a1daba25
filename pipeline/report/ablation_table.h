#pragma once
// An ablation as tables: those to read, with everything that must be known of their numbers under them, and
// those to compute with.

#include <string>
#include <vector>

#include "report/ablation.h"
#include "report/run_groups.h"
#include "report/table.h"

namespace mofi {

/// An ablation under the name of its group.
struct NamedAblation {
  std::string name;                ///< empty of a single one
  std::vector<std::string> parts;  ///< what tells it from the others
  std::vector<const Run*> runs;
  Ablation ablation;
};

/// One row an arm, the baseline first; percent and percentage points. The notes say what was scored, what the
/// intervals are, what leaks, what is missing, which floors there are, what the design can see, and which arm
/// is best only when that can be told (design, rules 8, 9).
Table ablation_table(const NamedAblation& named, const RunSet& runs, const AblationOptions& options);

/// Every comparison with every test.
Table comparison_table(const NamedAblation& named, const AblationOptions& options);

/// The rows of several ablations in one table; nothing in it compares one with another.
Table combined_table(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns,
                     const RunSet& runs, const AblationOptions& options);

/// A confusion matrix an arm, in % of the clips of each label, all seeds together.
Table confusion_table(const NamedAblation& named);

/// All arms with every number in a cell of its own, as fractions; empty where undefined. With `columns`,
/// those tell groups apart.
Table ablation_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns);
Table comparison_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns);
/// A line a cell of a matrix: arm, label, predicted, clips.
Table confusion_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns);

/// The fields of all ablations, each once, and an arm's cells for them.
std::vector<std::string> all_fields(const std::vector<NamedAblation>& all);
std::vector<std::string> cells_for(const std::vector<std::string>& fields, const ArmSet& set, const Arm& arm);

/// Which arm is best, or which cannot be told from the best: a sentence with its interval and n (design, rule
/// 8).
std::string best_note(const Ablation& ablation, const AblationOptions& options);

/// The arms of an ablation, the baseline first.
std::vector<std::size_t> baseline_first(const Ablation& ablation);

}  // namespace mofi
