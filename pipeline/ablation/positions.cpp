#include "ablation/positions.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace mofi {

std::string text_of(const Positions& positions) { return fmt::format("{}", fmt::join(positions, " ")); }

Positions positions_from(const std::string& text) {
  std::istringstream numbers(text);
  Positions positions;
  for (std::size_t position = 0; numbers >> position;) positions.push_back(position);
  return positions;
}

Positions longest_first(const std::vector<PlannedRun>& plan, const MeasuredTimes& times) {
  double seconds_per_work = 1;
  std::vector<double> expected(plan.size(), 0);
  std::vector<bool> is_measured(plan.size(), false);
  Positions todo;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (!plan[i].is_to_do()) continue;
    todo.push_back(i);
    expected[i] = work_of(plan[i].cell->config);
    if (times.empty()) continue;
    const auto known = times.find(shape_of(plan[i].cell->config, *plan[i].inputs));
    if (known == times.end()) continue;
    seconds_per_work = known->second / expected[i];
    expected[i] = known->second;
    is_measured[i] = true;
  }
  for (const std::size_t i : todo)
    if (!is_measured[i]) expected[i] *= seconds_per_work;
  std::ranges::stable_sort(todo, [&](std::size_t a, std::size_t b) { return expected[a] > expected[b]; });
  return todo;
}

}  // namespace mofi
