#include "report/published_table.h"

#include <fmt/ranges.h>

#include <set>

#include "report/cells.h"

namespace mofi {
namespace {

/// What is published, in front of every row.
std::vector<std::string> first_cells(const PublishedValue& value) {
  return {value.table, value.dataset, value.name, percent(value.accuracy),
          value.f1 > 0 ? percent(value.f1) : kNoValue};
}

/// The arm that does what was published, of several the one of most runs; of equals the first.
const Arm* arm_of(const PublishedValue& value, const ArmSet& set) {
  const Arm* found = nullptr;
  for (const Arm& arm : set.arms)
    if (is_of(value, arm) && (found == nullptr || arm.runs.size() > found->runs.size())) found = &arm;
  return found;
}

std::vector<std::string> row_of(const PublishedValue& value, const NamedAblation& named, const Arm& arm) {
  const ArmSet& set = named.ablation.set;
  const ArmResult& result = named.ablation.results[static_cast<std::size_t>(&arm - set.arms.data())];
  std::vector<std::string> row = first_cells(value);
  row.insert(row.end(), {label(set, arm), arm.runs.front()->config.get("data.split"),
                         std::to_string(result.seeds.size()), std::to_string(arm.runs.size()),
                         percent(result.accuracy), percent(result.accuracy_interval),
                         percent(result.macro_f1), percent(result.accuracy.mean - value.accuracy, "+")});
  return row;
}

}  // namespace

Table published_table(const std::vector<NamedAblation>& all, const std::vector<PublishedValue>& values) {
  Table table;
  table.title = "Published values and ours";
  table.columns = {{"table", Align::kLeft},
                   {"data set", Align::kLeft},
                   {"published as", Align::kLeft},
                   {"accuracy"},
                   {"F1"},
                   {"ours", Align::kLeft},
                   {"split", Align::kLeft},
                   {"seeds"},
                   {"runs"},
                   {"accuracy"},
                   {"95 %"},
                   {"macro-F1"},
                   {"less published"}};
  std::set<std::string> sources;
  for (const PublishedValue& value : values) {
    sources.insert(value.source);
    bool found = false;
    for (const NamedAblation& named : all)
      if (const Arm* arm = arm_of(value, named.ablation.set)) {
        table.rows.push_back(row_of(value, named, *arm));
        found = true;
      }
    if (found) continue;
    std::vector<std::string> row = first_cells(value);
    row.push_back(value.arm.empty() ? "nothing of ours does the same"
                                    : fmt::format("not run: {}", fmt::join(value.arm, ", ")));
    row.resize(table.columns.size(), kNoValue);
    table.rows.push_back(std::move(row));
  }
  table.notes = {
      fmt::format("Published in {}: on the left, one number each, without seeds or intervals.",
                  fmt::join(sources, "; ")),
      "Ours on the right: mean ± SD over seeds, 95 % intervals over songs and seeds; split, backbone and "
      "protocol are those of our runs and may be others than the published ones, so a difference is none "
      "between methods alone."};
  return table;
}

}  // namespace mofi
