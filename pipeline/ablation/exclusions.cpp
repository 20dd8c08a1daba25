#include "ablation/exclusions.h"

#include <algorithm>

#include "core/error.h"

namespace mofi {
namespace {

/// The value at a dotted path as text; empty where there is none.
std::string leaf(const Json& fields, const std::string& path) {
  const Json* node = &fields;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    const auto found = node->find(path.substr(at, dot - at));
    if (found == node->end()) return "";
    node = &*found;
    at = dot + 1;
  }
  return node->dump();
}

bool holds(const Exclusion::Condition& condition, const SweepPlace& place) {
  for (std::size_t axis = 0; axis < place.at.size(); ++axis)
    if (place.arm.axes[axis]->is_named && place.arm.axes[axis]->name == condition.name)
      return std::ranges::find(condition.values, place.value(axis).text, &ConfigNode::scalar) !=
             condition.values.end();
  return false;
}

}  // namespace

ExclusionTests::ExclusionTests(const std::vector<Exclusion>& exclusions, const Read& read) {
  for (const Exclusion& exclusion : exclusions) {
    Line line{{}, {}, exclusion.source};
    for (const Exclusion::Condition& condition : exclusion.conditions) {
      if (condition.is_named) {
        line.named.push_back(condition);
        continue;
      }
      FieldCondition field{condition.name, {}};
      for (const ConfigNode& value : condition.values)
        field.values.insert(leaf(read(condition.name, value), condition.name));
      line.fields.push_back(fields_.size());
      fields_.push_back(std::move(field));
    }
    lines_.push_back(std::move(line));
  }
}

ExclusionTests::Fulfilled ExclusionTests::fulfilled_by(const Json& fields) const {
  Fulfilled fulfilled;
  for (const FieldCondition& condition : fields_)
    fulfilled.push_back(condition.values.contains(leaf(fields, condition.path)));
  return fulfilled;
}

bool ExclusionTests::leave_out(const SweepPlace& place, const std::vector<const Fulfilled*>& sections) {
  bool left_out = false;
  for (Line& line : lines_) {
    const bool all_hold =
        std::ranges::all_of(line.fields,
                            [&](std::size_t i) {
                              return std::ranges::any_of(sections,
                                                         [i](const Fulfilled* by) { return (*by)[i]; });
                            }) &&
        std::ranges::all_of(line.named, [&](const auto& condition) { return holds(condition, place); });
    line.is_used |= all_hold;
    left_out |= all_hold;
  }
  return left_out;
}

void ExclusionTests::require_all_used() const {
  for (const Line& line : lines_)
    if (!line.is_used)
      fail(ExitCode::kUsage, "{}: leaves out no cell; every line of sweep.exclude must leave out one",
           line.source.text());
}

}  // namespace mofi
