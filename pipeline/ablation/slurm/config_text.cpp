#include "ablation/slurm/config_text.h"

#include <cctype>
#include <string_view>

#include "core/config.h"

namespace mofi {
namespace {

/// JSON's texts are YAML's in double quotes.
std::string in_quotes(const std::string& text) { return Json(text).dump(); }

/// Numbers, names and paths; a number in quotes would be a text, and what YAML takes for nothing must be in
/// them.
bool is_plain(const std::string& text) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-=";
  return !text.empty() && text.find_first_not_of(kSafe) == std::string::npos && text.front() != '-' &&
         text.front() != '=' && text != "null" && text != "Null" && text != "NULL";
}

/// "-5" and "-0.1e-3" are plain, "-" and "---" are not.
bool is_negative_number(const std::string& text) {
  return text.size() > 1 && text[0] == '-' &&
         (std::isdigit(static_cast<unsigned char>(text[1])) != 0 || text[1] == '.') &&
         is_plain(text.substr(1));
}

std::string scalar_text(const ConfigNode& node) {
  const bool plain = !node.quoted && (is_plain(node.scalar) || is_negative_number(node.scalar));
  return plain ? node.scalar : in_quotes(node.scalar);
}

/// In YAML's flow style, on one line.
std::string flow_text(const ConfigNode& node) {
  std::string text;
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      return "null";
    case ConfigNode::Kind::kScalar:
      return scalar_text(node);
    case ConfigNode::Kind::kSequence:
      for (const ConfigNode& item : node.items) text += (text.empty() ? "" : ", ") + flow_text(item);
      return "[" + text + "]";
    case ConfigNode::Kind::kMapping:
      for (const auto& [key, value] : node.entries)
        text += (text.empty() ? "" : ", ") + in_quotes(key) + ": " + flow_text(value);
      return "{" + text + "}";
  }
  return text;
}

void add_block(std::string& text, const ConfigNode& mapping, const std::string& indent) {
  for (const auto& [key, value] : mapping.entries) {
    text += indent + (is_plain(key) ? key : in_quotes(key)) + ":";
    const bool is_block = value.kind == ConfigNode::Kind::kMapping && !value.entries.empty();
    const bool is_list = value.kind == ConfigNode::Kind::kSequence && !value.items.empty();
    if (is_block) {
      text += "\n";
      add_block(text, value, indent + "  ");
    } else if (is_list && value.items.front().kind == ConfigNode::Kind::kMapping) {  // the arms of a sweep
      text += "\n";
      for (const ConfigNode& item : value.items) text += indent + "  - " + flow_text(item) + "\n";
    } else {
      text += " " + flow_text(value) + "\n";
    }
  }
}

}  // namespace

std::string config_text(const ConfigNode& root) {
  if (root.kind != ConfigNode::Kind::kMapping || root.entries.empty()) return "{}\n";
  std::string text;
  add_block(text, root, "");
  return text;
}

}  // namespace mofi
