#include "print_plan.h"

#include <fmt/core.h>

#include "report/table.h"

namespace mofi {

void print_plan(const std::vector<PlannedRun>& plan) {
  Table table;
  table.columns = {{"run", Align::kLeft}, {"state", Align::kLeft}, {"why", Align::kLeft}};
  for (const PlannedRun& run : plan) table.rows.push_back({run.id, state_name(run.state), run.reason});
  table.notes = {fmt::format("{} runs: {}.", plan.size(), count_states(plan))};
  fmt::print("{}", to_terminal(table));
}

}  // namespace mofi
