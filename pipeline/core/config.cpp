#include "core/config.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/error.h"

namespace mofi {
namespace {

std::string describe_found(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      return "nothing";
    case ConfigNode::Kind::kScalar:
      return fmt::format("'{}'", node.scalar);
    case ConfigNode::Kind::kSequence:
      return node.items.empty() ? "an empty list" : "a list";
    case ConfigNode::Kind::kMapping:
      return node.entries.empty() ? "an empty mapping" : "a mapping";
  }
  return "something else";
}

/// A bound as one would write it: 1000000, not 1e+06.
std::string bound_text(double bound) {
  const bool whole = bound == std::floor(bound) && std::abs(bound) < 1e15;
  return whole ? fmt::format("{:.0f}", bound) : fmt::format("{}", bound);
}

std::string range_text(const std::string& noun, const FieldInfo& info) {
  const bool low = std::isfinite(info.minimum), high = std::isfinite(info.maximum);
  const std::string unit = info.unit.empty() ? "" : " " + info.unit;
  if (low && high)
    return fmt::format("{} from {} to {}{}", noun, bound_text(info.minimum), bound_text(info.maximum), unit);
  if (low) return fmt::format("{} of at least {}{}", noun, bound_text(info.minimum), unit);
  if (high) return fmt::format("{} of at most {}{}", noun, bound_text(info.maximum), unit);
  return unit.empty() ? noun : fmt::format("{} of{}", noun, unit);
}

bool has_leading_zero(const std::string& text) {
  const std::size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  return text.size() > first + 1 && text[first] == '0' &&
         std::isdigit(static_cast<unsigned char>(text[first + 1])) != 0;
}

template <class T>
bool parse_whole(const ConfigNode& node, T& value) {
  if (node.kind != ConfigNode::Kind::kScalar || node.quoted) return false;
  const char* last = node.scalar.data() + node.scalar.size();
  const auto [end, failure] = std::from_chars(node.scalar.data(), last, value);
  return failure == std::errc{} && end == last;
}

void emit(YAML::Emitter& out, const Json& json) {
  if (json.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, value);
    }
    out << YAML::EndMap;
  } else if (json.is_array()) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const auto& value : json) emit(out, value);
    out << YAML::EndSeq;
  } else if (json.is_string()) {
    out << YAML::DoubleQuoted << json.get<std::string>();
  } else {
    out << json.dump();
  }
}

}  // namespace

void refuse_value(const ConfigNode& node, const std::string& path, const std::string& expected) {
  fail(ExitCode::kUsage, "{}: {}: expected {}, found {}", node.source.text(),
       path.empty() ? "the config" : path, expected, describe_found(node));
}

void refuse_key(const ConfigNode& node, const std::string& key, const std::string& path,
                const std::vector<std::string>& valid) {
  const std::string near = nearest_name(key, valid);
  fail(ExitCode::kUsage, "{}: unknown key '{}'{}{}; valid keys{}: {}", node.source.text(), key,
       path.empty() ? "" : fmt::format(" in {}", path),
       near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
       path.empty() ? "" : fmt::format(" of {}", path), fmt::join(valid, ", "));
}

std::string allowed_text(const FieldInfo& info) {
  const bool low = std::isfinite(info.minimum), high = std::isfinite(info.maximum);
  if (!info.choices.empty()) return fmt::format("{}", fmt::join(info.choices, ", "));
  if (low && high) return fmt::format("{} to {}", bound_text(info.minimum), bound_text(info.maximum));
  if (low) return fmt::format("at least {}", bound_text(info.minimum));
  return high ? fmt::format("at most {}", bound_text(info.maximum)) : "";
}

std::string range_and_unit(const FieldInfo& info) {
  if (!info.choices.empty()) return "";
  const std::string range = allowed_text(info);
  return range.empty() || info.unit.empty() ? range + info.unit : range + " " + info.unit;
}

void FieldReader::refuse_unknown_keys() const {
  for (const auto& [key, value] : mapping_.entries)
    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) refuse_key(value, key, path_, keys_);
}

namespace config_detail {

bool read_bool(const ConfigNode& node, const std::string& path) {
  if (node.kind == ConfigNode::Kind::kScalar && !node.quoted) {
    if (node.scalar == "true") return true;
    if (node.scalar == "false") return false;
  }
  refuse_value(node, path, "true or false");
}

std::int64_t read_integer(const ConfigNode& node, const std::string& path, const FieldInfo& info) {
  std::int64_t value = 0;
  if (!parse_whole(node, value) || has_leading_zero(node.scalar) ||
      static_cast<double>(value) < info.minimum || static_cast<double>(value) > info.maximum)
    refuse_value(node, path, range_text("a decimal integer", info));
  return value;
}

std::uint64_t read_unsigned(const ConfigNode& node, const std::string& path) {
  std::uint64_t value = 0;
  if (!parse_whole(node, value) || has_leading_zero(node.scalar))
    refuse_value(node, path, "a decimal integer of at least 0");
  return value;
}

double read_number(const ConfigNode& node, const std::string& path, const FieldInfo& info) {
  double value = 0;
  if (!parse_whole(node, value) || !std::isfinite(value) || value < info.minimum || value > info.maximum)
    refuse_value(node, path, range_text("a number", info));
  return value;
}

std::string read_string(const ConfigNode& node, const std::string& path, const FieldInfo& info) {
  if (node.kind != ConfigNode::Kind::kScalar)
    refuse_value(node, path,
                 info.choices.empty() ? "a text" : fmt::format("one of {}", fmt::join(info.choices, ", ")));
  if (!info.choices.empty() &&
      std::find(info.choices.begin(), info.choices.end(), node.scalar) == info.choices.end()) {
    const std::string near = nearest_name(node.scalar, info.choices);
    refuse_value(node, path,
                 fmt::format("one of {}{}", fmt::join(info.choices, ", "),
                             near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
  return node.scalar;
}

}  // namespace config_detail

std::string to_yaml(const Json& json) {
  YAML::Emitter out;
  emit(out, json);
  return std::string(out.c_str()) + "\n";
}

}  // namespace mofi
