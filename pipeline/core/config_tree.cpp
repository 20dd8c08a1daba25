#include "core/config_tree.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace mofi {
namespace {

constexpr int kDeepestNesting = 32;
constexpr std::size_t kMostKeys = 1'000;  // of one mapping: keys are looked up one by one
constexpr std::string_view kIncludeKey = "include";

/// What is read goes into JSON, which is UTF-8 and nothing else. yaml-cpp takes a zero byte for a backslash.
void require_utf8(const std::string& text, const std::string& name) {
  const std::size_t at = std::min(first_byte_not_utf8(text).value_or(std::string::npos), text.find('\0'));
  if (at == std::string::npos) return;
  fail(ExitCode::kUsage, "{}:{}: expected UTF-8, found the byte {:#04x}; save the file as UTF-8", name,
       1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'),
       static_cast<unsigned char>(text[at]));
}

/// From the nodes of yaml-cpp, which share what aliases repeat, to a tree, in which everything stands where
/// it counts.
class TreeMaker {
 public:
  TreeMaker(const std::string& name, std::size_t most_nodes)
      : name_(std::make_shared<const std::string>(name)), nodes_left_(most_nodes) {}

  ConfigNode convert(const YAML::Node& yaml, int depth) {
    ConfigNode node;
    node.source = where(yaml);
    if (depth > kDeepestNesting)
      fail(ExitCode::kUsage, "{}: is nested deeper than {} levels", node.source.text(), kDeepestNesting);
    if (nodes_left_-- == 0)
      fail(ExitCode::kUsage, "{}: its aliases (*name) repeat more than {} values; write fewer of them",
           node.source.text(), kMostAliasedNodes);
    switch (yaml.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        node.kind = ConfigNode::Kind::kScalar;
        node.scalar = text_of(yaml);
        node.quoted = yaml.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        node.kind = ConfigNode::Kind::kSequence;
        for (const auto& item : yaml) node.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        node.kind = ConfigNode::Kind::kMapping;
        for (const auto& entry : yaml) add_entry(node, entry.first, entry.second, depth);
        break;
    }
    return node;
  }

 private:
  ConfigSource where(const YAML::Node& yaml) const { return {name_, yaml.Mark().line + 1}; }

  /// yaml-cpp makes single bytes of the escapes \N and \_, where UTF-8 has two.
  const std::string& text_of(const YAML::Node& scalar) const {
    if (first_byte_not_utf8(scalar.Scalar()))
      fail(ExitCode::kUsage,
           "{}: a text has an escape that cannot be read (\\N or \\_); write \\u0085 or \\u00a0",
           where(scalar).text());
    return scalar.Scalar();
  }

  void add_entry(ConfigNode& mapping, const YAML::Node& name, const YAML::Node& value, int depth) {
    const ConfigSource source = where(name);
    if (!name.IsScalar()) fail(ExitCode::kUsage, "{}: a key must be a plain name", source.text());
    const std::string& key = text_of(name);
    if (key == "<<")
      fail(ExitCode::kUsage, "{}: merge keys (<<) are not supported; use include:", source.text());
    if (const ConfigNode* first = mapping.find(key))
      fail(ExitCode::kUsage, "{}: key '{}' stands here a second time; it was first set at {}", source.text(),
           key, first->source.text());
    if (mapping.entries.size() == kMostKeys)
      fail(ExitCode::kUsage, "{}: is key {} of one mapping; at most {} are read", source.text(),
           kMostKeys + 1, kMostKeys);
    ConfigNode converted = convert(value, depth + 1);
    converted.source = source;
    mapping.entries.push_back({key, std::move(converted)});
  }

  std::shared_ptr<const std::string> name_;
  std::size_t nodes_left_;
};

/// Reads files and what they include: in any of their mappings, whose own keys then come on top.
class Loader {
 public:
  ConfigNode load(const std::filesystem::path& path) {
    const auto identity = std::filesystem::weakly_canonical(path);
    if (std::ranges::find(open_files_, identity) != open_files_.end())
      fail(ExitCode::kUsage, "{}: includes itself", path.string());
    if (files_left_-- == 0)
      fail(ExitCode::kUsage, "{}: more than {} files are included", path.string(), kMostFiles);
    open_files_.push_back(identity);
    ConfigNode node = parse_config(read_text(path, 1 << 20), path.string());
    if (node.kind == ConfigNode::Kind::kNull) node.kind = ConfigNode::Kind::kMapping;
    if (node.kind != ConfigNode::Kind::kMapping)
      fail(ExitCode::kUsage, "{}: a config must be a mapping of keys to values", path.string());
    resolve(node, path.parent_path());
    open_files_.pop_back();
    return node;
  }

 private:
  static constexpr int kMostFiles = 1000;

  void resolve(ConfigNode& node, const std::filesystem::path& folder) {
    for (ConfigNode& item : node.items) resolve(item, folder);
    for (ConfigEntry& entry : node.entries)
      if (entry.key != kIncludeKey) resolve(entry.value, folder);
    const ConfigNode* includes = node.find(kIncludeKey);
    if (includes == nullptr) return;
    if (includes->kind != ConfigNode::Kind::kSequence)
      fail(ExitCode::kUsage, "{}: include must be a list of files", includes->source.text());
    ConfigNode merged;
    merged.kind = ConfigNode::Kind::kMapping;
    merged.source = node.source;
    for (const ConfigNode& item : includes->items) {
      if (item.kind != ConfigNode::Kind::kScalar)
        fail(ExitCode::kUsage, "{}: include must list file names", item.source.text());
      const auto included = folder / item.scalar;
      if (!std::filesystem::exists(included))
        fail(ExitCode::kUsage, "{}: the included file {} does not exist", item.source.text(),
             included.string());
      merge_config(merged, load(included));
    }
    std::erase_if(node.entries, [](const auto& entry) { return entry.key == kIncludeKey; });
    merge_config(merged, node);
    node = std::move(merged);
  }

  std::vector<std::filesystem::path> open_files_;
  int files_left_ = kMostFiles;
};

/// A value of the command line has no lines.
void place_all(ConfigNode& node, const ConfigSource& source) {
  node.source = source;
  for (ConfigNode& item : node.items) place_all(item, source);
  for (ConfigEntry& entry : node.entries) place_all(entry.value, source);
}

/// The entry whose key is the path or begins it, the longest of them: a key may have dots itself, as the axes
/// of a sweep have.
ConfigEntry* longest_key_of(ConfigNode& mapping, std::string_view path) {
  ConfigEntry* longest = nullptr;
  for (ConfigEntry& entry : mapping.entries) {
    const std::string& key = entry.key;
    if (!path.starts_with(key) || (path.size() > key.size() && path[key.size()] != '.')) continue;
    if (longest == nullptr || key.size() > longest->key.size()) longest = &entry;
  }
  return longest;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string ConfigSource::text() const {
  if (!name_) return "";
  return line_ > 0 ? fmt::format("{}:{}", *name_, line_) : *name_;
}

const ConfigNode* ConfigNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

ConfigNode* ConfigNode::find(std::string_view key) {
  return const_cast<ConfigNode*>(std::as_const(*this).find(key));
}

ConfigNode parse_config(const std::string& text, const std::string& name) {
  require_utf8(text, name);
  try {
    return TreeMaker(name, text.size() + kMostAliasedNodes).convert(YAML::Load(text), 0);
  } catch (const YAML::Exception& error) {
    fail(ExitCode::kUsage, "{}:{}: is not valid YAML: {}", name, error.mark.line + 1, error.msg);
  }
}

ConfigNode load_config(const std::filesystem::path& path) { return Loader().load(path); }

void merge_config(ConfigNode& base, const ConfigNode& overlay) {
  if (base.kind != ConfigNode::Kind::kMapping || overlay.kind != ConfigNode::Kind::kMapping) {
    base = overlay;
    return;
  }
  for (const auto& [key, value] : overlay.entries) {
    if (ConfigNode* existing = base.find(key))
      merge_config(*existing, value);
    else
      base.entries.push_back({key, value});
  }
}

void set_config(ConfigNode& root, const std::string& dotted_path, ConfigNode value) {
  ConfigNode* node = &root;
  std::string_view rest = dotted_path;
  while (true) {
    if (node->kind != ConfigNode::Kind::kMapping) {
      node->kind = ConfigNode::Kind::kMapping;
      node->entries.clear();
      node->source = value.source;
    }
    ConfigEntry* next = longest_key_of(*node, rest);
    if (next == nullptr) {
      const std::string key(rest.substr(0, rest.find('.')));
      if (key.empty())
        fail(ExitCode::kUsage, "{}: '{}' is not a dotted path of config keys", value.source.text(),
             dotted_path);
      next = &node->entries.emplace_back(ConfigEntry{key, ConfigNode{}});
      next->value.source = value.source;
    }
    node = &next->value;
    if (next->key.size() == rest.size()) break;
    rest.remove_prefix(next->key.size() + 1);
  }
  *node = std::move(value);
}

ConfigNode text_node(std::string text, ConfigSource source) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.scalar = std::move(text);
  node.source = std::move(source);
  return node;
}

void apply_setting(ConfigNode& root, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(ExitCode::kUsage, "--set {}: expected key=value, such as --set training.epochs=5", setting);
  const ConfigSource source("--set " + setting, 0);
  ConfigNode value = parse_config(setting.substr(equals + 1), source.text());
  place_all(value, source);
  set_config(root, setting.substr(0, equals), std::move(value));
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace mofi
