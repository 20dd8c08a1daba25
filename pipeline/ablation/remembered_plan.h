#pragma once
// RESULTS/plan.json: which runs the last sweep into a folder of results asked for, so that whoever has no
// config at hand can say how far it is. Nothing is decided by it: it may be deleted at any time.

#include <filesystem>
#include <optional>
#include <vector>

#include "ablation/plan.h"

namespace mofi {

inline constexpr const char* kPlanFile = "plan.json";
inline constexpr const char* kPlanSchema = "mofi-plan/1";

/// For one process. Where the folder cannot be written it does without.
void remember_plan(const std::filesystem::path& results, const std::vector<PlannedRun>& plan);

/// Its runs without cells: identity, folder, epochs and shape. None where there is no such file, or none that
/// is understood.
std::optional<std::vector<PlannedRun>> remembered_plan(const std::filesystem::path& results);

}  // namespace mofi
