#include "report/arms.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "report/systems.h"
#include "training/run_config.h"

namespace mofi {
namespace {

constexpr const char* kInjection = "injection";
constexpr const char* kCondition = "injection.condition";
constexpr const char* kFeatures = "injection.features";
constexpr const char* kSite = "injection.site";
constexpr const char* kTogether = "injection.together";
constexpr const char* kBy = "injection.by";
constexpr const char* kSystem = "system";

bool is_left_out(const FlatConfig& config, const std::string& path) {
  if (!has_section(config.get(kSystem, kMidiBert), section_of(path))) return true;
  if (section_of(path) != kInjection || path == kCondition) return false;
  if (config.get(kCondition) == "none") return true;
  if (path == kFeatures) return config.get(kCondition) != "features";
  return path == kSite && (!config.get(kTogether).empty() || config.get(kBy) == "late");
}

FlatConfig meaningful(FlatConfig config) {
  const std::vector<std::string> paths = config.order;
  for (const std::string& path : paths)
    if (is_left_out(config, path)) config.erase(path);
  return config;
}

std::pair<std::int64_t, std::int64_t> seed_and_fold(const Run& run) {
  return {run.repetition, run.fold.value_or(-1)};
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

/// All paths, in the order in which configs have them.
std::vector<std::string> all_paths(const std::vector<Arm>& arms) {
  std::vector<std::string> paths;
  std::set<std::string> seen;
  for (const Arm& arm : arms)
    for (const std::string& path : arm.config.order)
      if (seen.insert(path).second) paths.push_back(path);
  return paths;
}

/// The paths that do not have the same value in all arms of some system. A field that one arm leaves out is
/// no difference by itself.
std::vector<std::string> differing_fields(const std::vector<Arm>& arms) {
  std::set<std::string> systems;
  for (const Arm& arm : arms) systems.insert(arm.system);
  std::vector<std::string> fields;
  if (systems.size() > 1) fields.push_back(kSystem);
  for (const std::string& path : all_paths(arms)) {
    if (path == kSystem) continue;
    std::map<std::string, std::set<std::string>> values;
    for (const Arm& arm : arms)
      if (!is_left_out(arm.config, path)) values[arm.system].insert(arm.config.get(path, kNoValue));
    if (std::any_of(values.begin(), values.end(), [](const auto& of) { return of.second.size() > 1; }))
      fields.push_back(path);
  }
  return fields;
}

/// The cells of an arm: of another system than midibert only what tells its own arms apart.
std::vector<std::string> cells_of(const Arm& arm, const ArmSet& set) {
  std::vector<std::string> cells;
  for (const std::string& field : set.fields) {
    std::set<std::string> values;
    for (const Arm& other : set.arms)
      if (other.system == arm.system) values.insert(other.config.get(field, kNoValue));
    const bool tells = field == kSystem || is_midibert(arm.system) || values.size() > 1;
    std::string value = tells ? arm.config.get(field, kNoValue) : kNoValue;
    cells.push_back(value.empty() ? kNoValue : std::move(value));
  }
  return cells;
}

/// MidiBERT's arms, then other systems, floors last.
int rank_of(const Arm& arm) { return is_midibert(arm.system) ? 0 : is_floor(arm.system) ? 2 : 1; }

bool cells_read_before(const Arm& a, const Arm& b) {
  if (rank_of(a) != rank_of(b)) return rank_of(a) < rank_of(b);
  return std::lexicographical_compare(a.cells.begin(), a.cells.end(), b.cells.begin(), b.cells.end(),
                                      reads_before);
}

}  // namespace

ArmSet group_arms(const std::vector<const Run*>& runs) {
  std::map<std::map<std::string, std::string>, Arm> by_config;
  std::set<std::int64_t> folds;
  for (const Run* run : runs) {
    FlatConfig config = meaningful(run->config);
    Arm& arm = by_config[config.value];
    if (arm.runs.empty()) arm.config = std::move(config);
    arm.system = run->system;
    arm.runs.push_back(run);
    if (run->fold) folds.insert(*run->fold);
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
  set.fields = differing_fields(set.arms);
  set.names = short_names(set.fields);
  for (Arm& arm : set.arms) arm.cells = cells_of(arm, set);
  std::stable_sort(set.arms.begin(), set.arms.end(), cells_read_before);
  return set;
}

std::string label(const ArmSet& set, const Arm& arm) {
  std::string text;
  for (std::size_t i = 0; i < set.names.size(); ++i) {
    if (arm.cells[i] == kNoValue) continue;
    if (set.fields[i] == kSystem && is_midibert(arm.system)) continue;  // the others are the exception
    text += (text.empty() ? "" : " ") + (set.fields[i] == kSystem ? "" : set.names[i] + "=") + arm.cells[i];
  }
  return text.empty() ? set.arms.size() == 1 ? "all runs" : std::string(kMidiBert) : text;
}

std::vector<Setting> parse_settings(const std::vector<std::string>& settings) {
  std::vector<Setting> parsed;
  for (const std::string& text : settings) {
    const auto equals = text.find('=');
    const bool unequal = equals != std::string::npos && equals > 0 && text[equals - 1] == '!';
    const std::size_t end = unequal ? equals - 1 : equals;
    if (equals == std::string::npos || end == 0)
      fail(ExitCode::kUsage, "'{}' is no setting; expected one such as injection.condition=none", text);
    parsed.push_back({text.substr(0, end), text.substr(equals + 1), !unequal});
  }
  return parsed;
}

namespace {

/// A site as a number: "last" and "middle" (half as many, rounded down) of the arm's own layers.
std::string site_of(const Arm& arm, const std::string& site) {
  const std::string layers = arm.config.get("model.layers", kNoValue);
  if (site == "last") return layers;
  if (site == "middle" && layers != kNoValue) return std::to_string(std::stoi(layers) / 2);
  return site;
}

}  // namespace

bool has_settings(const Arm& arm, const std::vector<Setting>& settings) {
  const bool names_system = std::any_of(settings.begin(), settings.end(),
                                        [](const Setting& setting) { return setting.path == kSystem; });
  if (!names_system && !is_midibert(arm.system)) return false;
  return std::all_of(settings.begin(), settings.end(), [&](const Setting& setting) {
    const std::string value = setting.path == kSite ? site_of(arm, setting.value) : setting.value;
    if (setting.path == kSystem && is_midibert(value)) return is_midibert(arm.system) == setting.equal;
    return (arm.config.get(setting.path) == value) == setting.equal;
  });
}

std::vector<std::optional<std::size_t>> find_baselines(const ArmSet& set,
                                                       const std::vector<std::string>& settings) {
  const auto parsed = parse_settings(settings);
  std::set<std::string> sections, paths;
  for (const Setting& setting : parsed) {
    sections.insert(section_of(setting.path));
    paths.insert(setting.path);
  }
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < set.arms.size() && !parsed.empty(); ++i)
    if (has_settings(set.arms[i], parsed)) candidates.push_back(i);

  const auto equal_elsewhere = [&](const Arm& a, const Arm& b, bool in_sections) {
    return std::all_of(set.fields.begin(), set.fields.end(), [&](const std::string& field) {
      const bool is_set = in_sections ? sections.count(section_of(field)) > 0 : paths.count(field) > 0;
      return is_set || a.config.get(field) == b.config.get(field);
    });
  };
  std::vector<std::optional<std::size_t>> baselines;
  for (const Arm& arm : set.arms) {
    std::vector<std::size_t> fitting = candidates;
    for (const bool in_sections : {true, false})
      if (fitting.size() > 1)
        std::erase_if(fitting,
                      [&](std::size_t i) { return !equal_elsewhere(set.arms[i], arm, in_sections); });
    baselines.push_back(fitting.size() == 1 ? std::optional(fitting.front()) : std::nullopt);
  }
  return baselines;
}

}  // namespace mofi
