#include "ablation/cell_slugs.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "ablation/cell_sections.h"
#include "ablation/cells.h"

namespace mofi {
namespace {

/// Fields that every name tells by its config.
constexpr std::array<std::string_view, 5> kAlwaysTold = {"system", "injection.condition", "injection.site",
                                                         "data.fold", "seed"};

void append(std::string& slug, std::string_view part) {
  if (part.empty()) return;
  if (!slug.empty()) slug += '_';
  slug += part;
}

void append_system(std::string& slug, const RunConfig& config) {
  if (config.system != kMidiBert) return append(slug, config.system);  // no other has sites
  append(slug, config.injection.condition);
  if (config.injection.condition != "none") append(slug, fmt::format("site{}", config.injection.site));
}

void append_repetition(std::string& slug, const RunConfig& config) {
  if (config.data.split == "folds") append(slug, fmt::format("fold{}", config.data.fold));
  append(slug, fmt::format("seed{}", config.seed));
}

const SweepAxis* axis_named(const SweepArm& arm, const std::string& name) {
  for (const auto& axis : arm.axes)
    if (axis->name == name) return axis.get();
  return nullptr;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string::npos;
}

}  // namespace

std::string file_name_part(std::string_view text) {
  std::string part;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '+' || c == '-')
      part += c;
    else if (c == ',')
      part += '+';  // of a list: valid+test
    else if (c != '[' && c != ']' && c != '"' && !(c == ' ' && part.ends_with('+')))
      part += '-';
  }
  const std::size_t first = part.find_first_not_of(".-");  // no hidden file, no option
  return first == std::string::npos ? "" : part.substr(first);
}

std::string slug_of_value(const std::string& field, const std::string& value, bool is_text) {
  if (!is_text) return file_name_part(field.substr(field.rfind('.') + 1) + value);
  const bool is_path =
      value.find('/') != std::string::npos || value.ends_with(".safetensors") || value.ends_with(".h5");
  return file_name_part(is_path ? std::filesystem::path(value).stem().string() : value);
}

std::string slug_of_json(const std::string& field, const std::string& json) {
  const Json value = Json::parse(json);
  return value.is_string() ? slug_of_value(field, value.get<std::string>(), true)
                           : slug_of_value(field, json, value.is_array());
}

std::string ArmSlugs::slug(const RunConfig& config, const std::vector<std::size_t>& at) const {
  std::string slug;
  for (const Part& part : first_) append(slug, part.texts[at[part.axis]]);
  append_system(slug, config);
  for (const Part& part : middle_) append(slug, part.texts[at[part.axis]]);
  append_repetition(slug, config);
  if (slug.size() > kLongestSlug) slug.resize(kLongestSlug);
  return slug;
}

SweepSlugs::SweepSlugs(const Sweep& sweep) : sweep_(sweep) {}

bool SweepSlugs::is_in_every_arm(const SweepAxis& axis) const {
  return std::ranges::all_of(sweep_.arms,
                             [&](const SweepArm& arm) { return axis_named(arm, axis.name) != nullptr; });
}

bool SweepSlugs::tells_apart(const SweepAxis& axis) const {
  if (!is_in_every_arm(axis)) return true;
  return std::ranges::any_of(sweep_.arms, [&](const SweepArm& arm) {
    return std::ranges::any_of(axis_named(arm, axis.name)->values, [&](const AxisValue& value) {
      return value.text != axis.values.front().text;
    });
  });
}

ArmSlugs SweepSlugs::of(const SweepArm& arm) const {
  ArmSlugs slugs;
  for (std::size_t i = 0; i < arm.axes.size(); ++i) {
    const SweepAxis& axis = *arm.axes[i];
    if (std::ranges::find(kAlwaysTold, axis.name) != kAlwaysTold.end() || !tells_apart(axis)) continue;
    const bool is_of_run =
        std::ranges::find(run_sections(), axis.name.substr(0, axis.name.find('.'))) != run_sections().end();
    ArmSlugs::Part part{i, {}};
    for (const AxisValue& value : axis.values)
      part.texts.push_back(slug_of_value(
          axis.name, value.text,
          axis.is_named || (!is_number(value.text) && value.text != "true" && value.text != "false")));
    (axis.is_named || !is_of_run ? slugs.first_ : slugs.middle_).push_back(std::move(part));
  }
  std::stable_partition(slugs.first_.begin(), slugs.first_.end(),
                        [&](const auto& part) { return is_in_every_arm(*arm.axes[part.axis]); });
  return slugs;
}

std::string slug_of(const RunConfig& config) { return ArmSlugs().slug(config, {}); }

}  // namespace mofi
