#include "ablation/sweep_axes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"

namespace mofi {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::array<std::string_view, 2> kSiteFields = {"injection.site", "head.state"};
constexpr const char* kEverySite = "all";
constexpr int kLastSite = 48;  // the largest that the field allows; model.layers has the same limit

std::string text_of(const ConfigNode& node) {
  if (node.kind == Kind::kScalar) return node.scalar;
  std::string text;
  for (const ConfigNode& item : node.items) text += (text.empty() ? "" : ", ") + text_of(item);
  for (const auto& [key, value] : node.entries)
    text += (text.empty() ? "" : ", ") + key + ": " + text_of(value);
  return node.kind == Kind::kMapping ? "{" + text + "}" : "[" + text + "]";
}

std::vector<ConfigNode> values_of(const ConfigNode& node) {
  return node.kind == Kind::kSequence ? node.items : std::vector<ConfigNode>{node};
}

std::string dotted(const std::string& section, const std::string& key) {
  return section.empty() ? key : fmt::format("{}.{}", section, key);
}

const ConfigNode& require_mapping(const ConfigNode& node, const std::string& what) {
  if (node.kind != Kind::kMapping) refuse_value(node, what, "a mapping of fields to values");
  return node;
}

class SweepReader {
 public:
  explicit SweepReader(const AxisFields& fields) : fields_(fields) {}

  Sweep read(const ConfigNode& sweep) {
    if (sweep.kind != Kind::kMapping) refuse_value(sweep, "sweep", "a mapping with common, arms and exclude");
    const std::vector<std::string> keys = {"common", "arms", "exclude"};
    for (const auto& [key, value] : sweep.entries)
      if (std::ranges::find(keys, key) == keys.end()) refuse_key(value, key, "sweep", keys);

    if (const ConfigNode* common = sweep.find("common")) common_ = read_axes(*common, "sweep.common");
    if (const ConfigNode* arms = sweep.find("arms"))
      add_arms(*arms);
    else if (common_.empty())
      refuse_value(sweep, "sweep", "arms or common axes");
    else
      made_.arms.push_back({"", common_, sweep.source});
    if (const ConfigNode* exclude = sweep.find("exclude")) add_exclusions(*exclude);
    return std::move(made_);
  }

 private:
  void add_arms(const ConfigNode& arms) {
    for (const ConfigNode& arm : arms.items) add_arm("", arm);
    for (const auto& [name, value] : arms.entries)
      for (const ConfigNode& arm : values_of(value)) add_arm(name, arm);
    if (made_.arms.empty()) refuse_value(arms, "sweep.arms", "a list of arms, or arms by their names");
  }

  void add_arm(const std::string& group, const ConfigNode& node) {
    SweepArm arm{group, read_axes(node, group.empty() ? "sweep.arms" : "sweep.arms." + group), node.source};
    const std::size_t own = arm.axes.size();
    for (const auto& axis : common_)
      if (!has(arm, own, axis->name)) arm.axes.push_back(axis);
    refuse_overlaps(arm);
    made_.arms.push_back(std::move(arm));
  }

  static bool has(const SweepArm& arm, std::size_t own, const std::string& name) {
    return std::any_of(arm.axes.begin(), arm.axes.begin() + static_cast<std::ptrdiff_t>(own),
                       [&](const auto& axis) { return axis->name == name; });
  }

  /// A field that two axes set would be what the later one says, whatever the earlier one does.
  static void refuse_overlaps(const SweepArm& arm) {
    std::vector<std::pair<std::string, const SweepAxis*>> setters;
    for (const auto& axis : arm.axes)
      for (const AxisValue& value : axis->values)
        for (const auto& [path, node] : value.settings) {
          const auto first =
              std::ranges::find(setters, path, &std::pair<std::string, const SweepAxis*>::first);
          if (first == setters.end()) {
            setters.emplace_back(path, axis.get());
          } else if (first->second != axis.get()) {
            fail(ExitCode::kUsage,
                 "{}: {} is set by the axis {} already, at {}; a field can be on one axis of an arm",
                 node.source.text(), path, first->second->name, first->second->source.text());
          }
        }
  }

  SharedAxes read_axes(const ConfigNode& mapping, const std::string& what) {
    if (mapping.kind != Kind::kMapping)
      refuse_value(mapping, what, "a mapping of fields to values or lists of values");
    SharedAxes axes;
    add_axes(axes, "", mapping, what);
    return axes;
  }

  void add_axes(SharedAxes& axes, const std::string& section, const ConfigNode& mapping,
                const std::string& what) {
    for (const auto& [key, value] : mapping.entries) {
      const std::string path = dotted(section, key);
      if (fields_.find(path) != nullptr) {
        axes.push_back(std::make_shared<SweepAxis>(field_axis(path, value, what)));
      } else if (fields_.is_section(path)) {
        add_axes(axes, path, require_mapping(value, what + "." + path), what);
      } else if (path.find('.') == std::string::npos && value.kind == Kind::kMapping) {
        axes.push_back(std::make_shared<SweepAxis>(named_axis(path, value, what)));
      } else {
        fields_.refuse(value, path);
      }
    }
  }

  static SweepAxis field_axis(const std::string& path, const ConfigNode& node, const std::string& what) {
    SweepAxis axis{path,
                   false,
                   std::ranges::find(kSiteFields, path) != kSiteFields.end() && node.kind == Kind::kScalar &&
                       node.scalar == kEverySite,
                   {},
                   node.source};
    if (axis.every_site) {
      for (int site = 0; site <= kLastSite; ++site) {
        const std::string text = std::to_string(site);
        axis.values.push_back({text, {{path, text_node(text, node.source)}}, node.source});
      }
      return axis;
    }
    for (const ConfigNode& value : values_of(node))
      axis.values.push_back({text_of(value), {{path, value}}, value.source});
    if (axis.values.empty()) refuse_value(node, what + "." + path, "at least one value");
    return axis;
  }

  SweepAxis named_axis(const std::string& name, const ConfigNode& node, const std::string& what) {
    SweepAxis axis{name, true, false, {}, node.source};
    for (const auto& [text, value] : node.entries) {
      if (value.kind != Kind::kMapping)
        refuse_value(value, fmt::format("{}.{}.{}", what, name, text),
                     fmt::format("a mapping of the fields that it sets to their values, as '{}' is no field "
                                 "and so names an axis",
                                 name));
      axis.values.push_back({text, {}, value.source});
      add_settings(axis.values.back().settings, "", value);
    }
    if (axis.values.empty()) refuse_value(node, what + "." + name, "at least one value");
    return axis;
  }

  void add_settings(Settings& settings, const std::string& section, const ConfigNode& mapping) {
    for (const auto& [key, value] : mapping.entries) {
      const std::string path = dotted(section, key);
      if (fields_.find(path) != nullptr)
        settings.emplace_back(path, value);
      else if (fields_.is_section(path))
        add_settings(settings, path, require_mapping(value, path));
      else
        fields_.refuse(value, path);
    }
  }

  void add_exclusions(const ConfigNode& list) {
    if (list.kind != Kind::kSequence)
      refuse_value(list, "sweep.exclude", "a list of mappings of fields to values");
    for (const ConfigNode& node : list.items) {
      if (node.kind != Kind::kMapping || node.entries.empty())
        refuse_value(node, "sweep.exclude", "a mapping of fields to values");
      Exclusion exclusion{{}, node.source};
      add_conditions(exclusion, "", node);
      made_.exclusions.push_back(std::move(exclusion));
    }
  }

  void add_conditions(Exclusion& exclusion, const std::string& section, const ConfigNode& mapping) {
    for (const auto& [key, value] : mapping.entries) {
      const std::string path = dotted(section, key);
      const SweepAxis* named = find_named(path);
      if (fields_.find(path) == nullptr && named == nullptr) {
        if (!fields_.is_section(path)) fields_.refuse(value, path, named_axes());
        add_conditions(exclusion, path, require_mapping(value, path));
        continue;
      }
      Exclusion::Condition condition{path, named != nullptr, values_of(value)};
      if (condition.values.empty()) refuse_value(value, "sweep.exclude." + path, "at least one value");
      if (named != nullptr)
        for (const ConfigNode& name : condition.values) require_value(*named, name);
      exclusion.conditions.push_back(std::move(condition));
    }
  }

  const SweepAxis* find_named(const std::string& name) const {
    for (const SweepArm& arm : made_.arms)
      for (const auto& axis : arm.axes)
        if (axis->is_named && axis->name == name) return axis.get();
    return nullptr;
  }

  /// Each once, in however many arms it is.
  std::vector<std::string> named_axes() const {
    std::vector<std::string> names;
    for (const SweepArm& arm : made_.arms)
      for (const auto& axis : arm.axes)
        if (axis->is_named && std::ranges::find(names, axis->name) == names.end())
          names.push_back(axis->name);
    return names;
  }

  /// Of any arm: each may have values of its own.
  void require_value(const SweepAxis& axis, const ConfigNode& name) const {
    std::vector<std::string> names;
    for (const SweepArm& arm : made_.arms)
      for (const auto& other : arm.axes)
        if (other->is_named && other->name == axis.name)
          for (const AxisValue& value : other->values)
            if (std::ranges::find(names, value.text) == names.end()) names.push_back(value.text);
    if (name.kind != Kind::kScalar || std::ranges::find(names, name.scalar) == names.end())
      config_detail::read_string(name, "sweep.exclude." + axis.name, {.help = "", .choices = names});
  }

  const AxisFields& fields_;
  SharedAxes common_;
  Sweep made_;
};

}  // namespace

const FieldLine* AxisFields::find(const std::string& path) const {
  const auto found = std::ranges::find(fields, path, &FieldLine::path);
  return found == fields.end() ? nullptr : &*found;
}

bool AxisFields::is_section(const std::string& path) const {
  return std::ranges::any_of(fields,
                             [&](const FieldLine& field) { return field.path.starts_with(path + "."); });
}

void AxisFields::refuse(const ConfigNode& node, const std::string& path,
                        const std::vector<std::string>& axes) const {
  std::string section = path;  // the nearest that there is
  while (!section.empty() && (section == path || !is_section(section)))
    section.resize(section.find('.') == std::string::npos ? 0 : section.rfind('.'));
  const std::string prefix = section.empty() ? "" : section + ".";
  std::vector<std::string> names = section.empty() ? axes : std::vector<std::string>{};
  for (const FieldLine& field : fields) {
    if (!field.path.starts_with(prefix)) continue;
    const std::string name =
        field.path.substr(prefix.size(), field.path.find('.', prefix.size()) - prefix.size());
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  refuse_key(node, section.empty() ? path.substr(0, path.find('.')) : path.substr(prefix.size()), section,
             names);
}

Sweep read_sweep(const ConfigNode& sweep, const AxisFields& fields) {
  return SweepReader(fields).read(sweep);
}

}  // namespace mofi
