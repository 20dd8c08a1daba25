#include "report/run_groups.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/systems.h"

namespace mofi {
namespace {

/// What runs of one table share: name of a column, and the value of a run, by which groups are told apart and
/// called.
struct Part {
  const char* column;
  std::string value, name;
  bool is_any = false;  ///< the run stands in every group
};

Part input_part(const Run& run, const char* column, const std::string& input, const char* absent) {
  const auto digest = run.inputs.find(input);
  Part part{column, digest == run.inputs.end() ? "" : digest->second, name_of_input(run, input, absent),
            false};
  part.is_any = part.value.empty() && !is_midibert(run.system);
  return part;
}

std::vector<Part> parts_of(const Run& run) {
  const std::string split = run.config.get("data.split");
  std::string folds;
  if (run.fold || split == "folds") folds = run.config.get("data.folds");
  const std::string target = run.config.get("data.target");
  return {{"data set", run.dataset, run.dataset.empty() ? "unnamed" : run.dataset},
          input_part(run, "tokens", "tokens", "unknown"),
          {"split", split, split},
          {"folds", folds, folds.empty() ? "" : folds + "_folds"},
          {"target", target, target},
          input_part(run, "mode", "mode", "none")};
}

std::vector<std::string> key_of(const std::vector<Part>& parts) {
  std::vector<std::string> key;
  for (const Part& part : parts) key.push_back(part.value);
  return key;
}

bool fits(const std::vector<Part>& run, const std::vector<Part>& group) {
  for (std::size_t i = 0; i < run.size(); ++i)
    if (!run[i].is_any && run[i].value != group[i].value) return false;
  return true;
}

std::string as_file_name(std::string text) {
  for (char& letter : text)
    if (std::string_view(" /\\:\t").find(letter) != std::string_view::npos) letter = '_';
  return text;
}

}  // namespace

GroupedRuns group_runs(const std::vector<Run>& runs) {
  struct Members {
    std::vector<Part> parts;
    std::vector<const Run*> runs;
  };
  struct Placed {
    const Run* run;
    std::vector<Part> parts;
    std::ptrdiff_t open;  ///< parts that it leaves open
  };
  std::vector<Placed> placed;
  for (const Run& run : runs) {
    std::vector<Part> parts = parts_of(run);
    const auto open = std::count_if(parts.begin(), parts.end(), [](const Part& part) { return part.is_any; });
    placed.push_back({&run, std::move(parts), open});
  }
  // Those that leave most open come last, and found a group only where nobody is on their clips.
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.open < b.open; });
  std::map<std::vector<std::string>, Members> groups;
  for (const Placed& one : placed) {
    bool found = false;
    for (auto& [key, members] : groups)
      if (fits(one.parts, members.parts)) {
        members.runs.push_back(one.run);
        found = true;
      }
    if (!found) groups.try_emplace(key_of(one.parts), Members{one.parts, {one.run}});
  }
  for (auto& [key, members] : groups)
    std::sort(members.runs.begin(), members.runs.end());  // as they lie in `runs`

  GroupedRuns grouped;
  if (groups.empty()) return grouped;
  const std::size_t count = groups.begin()->second.parts.size();
  std::vector<std::size_t> differing;
  std::size_t told_apart = 1;  // groups, by the parts that are taken up
  for (std::size_t i = 0; i < count; ++i) {
    differing.push_back(i);
    std::set<std::vector<std::string>> told;
    for (const auto& [key, members] : groups) {
      std::vector<std::string> values;
      for (const std::size_t part : differing) values.push_back(key[part]);
      told.insert(std::move(values));
    }
    if (told.size() > told_apart)
      grouped.columns.push_back(groups.begin()->second.parts[i].column);
    else
      differing.pop_back();  // the data set tells the tokens, say
    told_apart = std::max(told_apart, told.size());
  }
  std::set<std::string> taken;
  for (const auto& [key, members] : groups) {
    RunGroup group;
    group.runs = members.runs;
    for (const std::size_t i : differing) {
      const std::string& name = members.parts[i].name;
      group.parts.push_back(name);
      if (!name.empty()) group.name += (group.name.empty() ? "" : "_") + as_file_name(name);
    }
    // Inputs that are called alike are told apart by their digests.
    if (!differing.empty() && !taken.insert(group.name).second)
      for (const std::size_t i : differing) group.name += "_" + key[i].substr(0, 8);
    taken.insert(group.name);
    grouped.groups.push_back(std::move(group));
  }
  return grouped;
}

}  // namespace mofi
