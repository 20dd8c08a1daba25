#include "model/condition_list.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"

namespace mofi {
namespace {

constexpr Condition kConditions[] = {
    {"none", "", 0, 0, false},
    {"mode", "one-hot major, minor", 2, 0, true},
    {"mode_confidence", "the mode and how clear it is", 3, 0, true},
    {"key", "one-hot of 24", 24, 24, true},
    {"correlations", "with all 24 keys", 24, 24, true},
    {"profile", "12 weights of pitch classes", 12, 12, true},
    {"features", "symbolic ones, by name", kPerFeature, 0, false},  // each knows whether it turns
    {"constant", "control: same parameters, no information", 2, 0, false},
    {"shuffled", "control: modes of other pieces of the same split part", 2, 0, true},
    {"random", "control: a coin for every piece", 2, 0, false},
    {"labels", "the answer itself: an upper bound", kPerClass, 0, false},
};

}  // namespace

std::span<const Condition> condition_list() { return kConditions; }

const Condition& condition_named(std::string_view name) {
  const auto* const found = std::ranges::find(kConditions, name, &Condition::name);
  if (found == std::end(kConditions)) fail(ExitCode::kInternal, "no condition is named {}", name);
  return *found;
}

std::vector<std::string> condition_names() {
  std::vector<std::string> names;
  for (const Condition& condition : kConditions) names.emplace_back(condition.name);
  return names;
}

std::string condition_help() {
  std::vector<std::string> parts;
  for (const Condition& condition : kConditions)
    parts.push_back(*condition.help == 0 ? condition.name
                                         : fmt::format("{} ({})", condition.name, condition.help));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace mofi
