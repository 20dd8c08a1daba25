#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ablation/plan.h"

namespace mofi {

/// Prints run, state and reason, a line each, how many there are of each state, and how long what is left
/// takes by what the ledger knows.
void print_plan(const std::vector<PlannedRun>& plan, const Ledger& ledger);

/// Prints how many runs there are of each state, those that are under way, and those that failed; as
/// tab-separated values ("tsv") or one JSON object ("json") every run.
void print_status(const std::vector<PlannedRun>& plan, const std::filesystem::path& results,
                  const std::string& format);

}  // namespace mofi
