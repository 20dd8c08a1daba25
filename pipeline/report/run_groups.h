#pragma once
// Runs that belong into one table: those that were made from the same music and scored on the same clips.

#include <string>
#include <vector>

#include "report/runs.h"

namespace mofi {

struct RunGroup {
  std::string
      name;  ///< a folder's: "emopia_folds", of what tells the group from the others; empty of a single one
  std::vector<std::string> parts;  ///< the values of GroupedRuns::columns
  std::vector<const Run*> runs;    ///< by id
};

struct GroupedRuns {
  std::vector<std::string> columns;  ///< "data set", "split", "mode": in what groups differ
  std::vector<RunGroup> groups;      ///< by their parts
};

/// By data set, tokens, split (with its number of folds), target and modes. What has no modes because its
/// system is not midibert is in every group of its clips: floors stand in each table. Start weights tell arms
/// apart, not tables. Inputs are called by RunRecord's provenance.input_names, {"mode": "aarden_essen",
/// "weights": "tiny"}, where it has them, and else by their digests.
GroupedRuns group_runs(const std::vector<Run>& runs);

}  // namespace mofi
