#include "report/flat_config.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace mofi {
namespace {

void add_leaves(const Json& node, const std::string& path, FlatConfig& flat) {
  if (node.is_object()) {
    for (const auto& [key, child] : node.items())
      add_leaves(child, path.empty() ? key : path + "." + key, flat);
    return;
  }
  flat.order.push_back(path);
  flat.value[path] = text_of(node);
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::string last_component(const std::string& path) { return path.substr(path.rfind('.') + 1); }

}  // namespace

std::string FlatConfig::get(const std::string& path, const std::string& absent) const {
  const auto found = value.find(path);
  return found == value.end() ? absent : found->second;
}

void FlatConfig::erase(const std::string& path) {
  value.erase(path);
  std::erase(order, path);
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

FlatConfig flatten(const Json& config) {
  FlatConfig flat;
  if (config.is_object()) add_leaves(config, "", flat);
  return flat;
}

std::string section_of(const std::string& path) { return path.substr(0, path.find('.')); }

std::vector<std::string> short_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    const auto same = std::count_if(paths.begin(), paths.end(), [&path](const std::string& other) {
      return last_component(other) == last_component(path);
    });
    names.push_back(same > 1 ? path : last_component(path));
  }
  return names;
}

bool reads_before(const std::string& a, const std::string& b) {
  const auto number_a = number(a), number_b = number(b);
  if (number_a && number_b && *number_a != *number_b) return *number_a < *number_b;
  if (number_a.has_value() != number_b.has_value()) return number_a.has_value();
  return a < b;
}

}  // namespace mofi
