#include "report/arms.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "training/run_config.h"

namespace mofi {
namespace {

constexpr const char* kSystem = "system";
constexpr const char* kInjection = "injection";
constexpr const char* kCondition = "injection.condition";
constexpr const char* kTokens = "tokens";

bool is_left_out(const FlatConfig& config, const std::string& path) {
  if (!has_section(config.get(kSystem, kMidiBert), section_of(path))) return true;
  return section_of(path) == kInjection && path != kCondition && config.get(kCondition) == "none";
}

FlatConfig meaningful(FlatConfig config) {
  const std::vector<std::string> paths = config.order;
  for (const std::string& path : paths)
    if (is_left_out(config, path)) config.erase(path);
  return config;
}

std::pair<std::int64_t, std::int64_t> seed_and_fold(const Run& run) {
  return {run.seed, run.fold.value_or(-1)};
}

void refuse_duplicates(const Arm& arm) {
  for (std::size_t i = 1; i < arm.runs.size(); ++i) {
    const Run &a = *arm.runs[i - 1], &b = *arm.runs[i];
    if (seed_and_fold(a) != seed_and_fold(b)) continue;
    const std::string fold = a.fold ? fmt::format(" and fold {}", *a.fold) : "";
    fail(ExitCode::kData,
         "{} and {}: both hold seed {}{} of one configuration; counted twice it would look more certain than "
         "it "
         "is, so remove one",
         a.folder, b.folder, a.seed, fold);
  }
}

std::string short_digest(const std::map<std::string, std::string>& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  return found == inputs.end() ? "none" : found->second.substr(0, 12);
}

void refuse_other_inputs(const Run& a, const Run& b) {
  std::set<std::string> names;
  for (const auto* inputs : {&a.inputs, &b.inputs})
    for (const auto& [name, digest] : *inputs) names.insert(name);
  for (const std::string& name : names) {
    const std::string of_a = short_digest(a.inputs, name), of_b = short_digest(b.inputs, name);
    if (of_a != of_b)
      fail(ExitCode::kData,
           "{} and {}: are of one configuration but were made from different {} (content digests {} and {}); "
           "runs on unlike inputs are not averaged, so keep each in a results folder of its own",
           a.folder, b.folder, name, of_a, of_b);
  }
}

void refuse_other_tokens(const Run& a, const Run& b) {
  const std::string of_a = short_digest(a.inputs, kTokens), of_b = short_digest(b.inputs, kTokens);
  if (of_a != of_b)
    fail(ExitCode::kData,
         "{} and {}: were made from different tokens (content digests {} and {}), so their scores are not "
         "comparable; keep each data set in a results folder of its own",
         a.folder, b.folder, of_a, of_b);
}

/// All paths, in the order in which configs have them.
std::vector<std::string> all_paths(const std::vector<Arm>& arms) {
  std::vector<std::string> paths;
  std::set<std::string> seen;
  for (const Arm& arm : arms)
    for (const std::string& path : arm.config.order)
      if (seen.insert(path).second) paths.push_back(path);
  return paths;
}

/// The paths that do not have the same value everywhere. A field that one arm leaves out is no difference by
/// itself.
std::vector<std::string> differing_fields(const std::vector<Arm>& arms) {
  std::vector<std::string> fields;
  for (const std::string& path : all_paths(arms)) {
    std::set<std::string> values;
    for (const Arm& arm : arms)
      if (!is_left_out(arm.config, path)) values.insert(arm.config.get(path, kNoValue));
    if (values.size() > 1) fields.push_back(path);
  }
  return fields;
}

bool cells_read_before(const Arm& a, const Arm& b) {
  return std::lexicographical_compare(a.cells.begin(), a.cells.end(), b.cells.begin(), b.cells.end(),
                                      reads_before);
}

}  // namespace

ArmSet group_arms(const std::vector<Run>& runs) {
  std::map<std::map<std::string, std::string>, Arm> by_config;
  std::set<std::int64_t> folds;
  for (const Run& run : runs) {
    FlatConfig config = meaningful(run.config);
    Arm& arm = by_config[config.value];
    if (arm.runs.empty()) arm.config = std::move(config);
    arm.runs.push_back(&run);
    if (run.fold) folds.insert(*run.fold);
  }

  ArmSet set;
  set.cross_validated = folds.size() > 1;
  for (auto& [config, arm] : by_config) {
    std::sort(arm.runs.begin(), arm.runs.end(), [](const Run* a, const Run* b) {
      return std::pair(seed_and_fold(*a), a->id) < std::pair(seed_and_fold(*b), b->id);
    });
    refuse_duplicates(arm);
    for (const Run* run : arm.runs) refuse_other_inputs(*arm.runs.front(), *run);
    set.arms.push_back(std::move(arm));
  }
  for (const Arm& arm : set.arms) refuse_other_tokens(*set.arms.front().runs.front(), *arm.runs.front());

  set.fields = differing_fields(set.arms);
  set.names = short_names(set.fields);
  for (Arm& arm : set.arms)
    for (const std::string& field : set.fields) arm.cells.push_back(arm.config.get(field, kNoValue));
  std::stable_sort(set.arms.begin(), set.arms.end(), cells_read_before);
  return set;
}

std::string label(const ArmSet& set, const Arm& arm) {
  std::string text;
  for (std::size_t i = 0; i < set.names.size(); ++i)
    if (arm.cells[i] != kNoValue) text += (text.empty() ? "" : " ") + set.names[i] + "=" + arm.cells[i];
  return text.empty() ? "all runs" : text;
}

std::vector<std::pair<std::string, std::string>> parse_settings(const std::vector<std::string>& settings) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos)
      fail(ExitCode::kUsage, "'{}' is no setting; expected one such as injection.condition=none", setting);
    pairs.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return pairs;
}

std::vector<std::optional<std::size_t>> find_baselines(const ArmSet& set,
                                                       const std::vector<std::string>& settings) {
  const auto pairs = parse_settings(settings);
  std::set<std::string> sections;
  for (const auto& [path, value] : pairs) sections.insert(section_of(path));

  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < set.arms.size() && !pairs.empty(); ++i)
    if (std::all_of(pairs.begin(), pairs.end(), [&](const auto& setting) {
          return set.arms[i].config.get(setting.first) == setting.second;
        }))
      candidates.push_back(i);

  const auto equal_elsewhere = [&](const Arm& a, const Arm& b) {
    return std::all_of(set.fields.begin(), set.fields.end(), [&](const std::string& field) {
      return sections.count(section_of(field)) > 0 || a.config.get(field) == b.config.get(field);
    });
  };
  std::vector<std::optional<std::size_t>> baselines;
  for (const Arm& arm : set.arms) {
    std::vector<std::size_t> fitting = candidates;
    if (fitting.size() > 1)
      std::erase_if(fitting, [&](std::size_t i) { return !equal_elsewhere(set.arms[i], arm); });
    baselines.push_back(fitting.size() == 1 ? std::optional(fitting.front()) : std::nullopt);
  }
  return baselines;
}

}  // namespace mofi
