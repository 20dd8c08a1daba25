#pragma once
// YAML as a tree that remembers where every value was written. yaml-cpp parses; what it takes silently
// (duplicate keys, octal numbers, `no` as false, unmerged `<<`) is refused here or by the typed reader.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

/// Where a value was written: a file, whose values share its name, or an option of the command line.
class ConfigSource {
 public:
  ConfigSource() = default;
  ConfigSource(std::string name, int line)
      : ConfigSource(std::make_shared<const std::string>(std::move(name)), line) {}
  ConfigSource(std::shared_ptr<const std::string> name, int line) : name_(std::move(name)), line_(line) {}

  /// "FILE:LINE"
  std::string text() const;

 private:
  std::shared_ptr<const std::string> name_;
  int line_ = 0;  ///< counts from 1; 0 for values of the command line
};

struct ConfigEntry;

struct ConfigNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  std::string scalar;
  bool quoted = false;  ///< "012" in quotes is text, never a number
  std::vector<ConfigNode> items;
  std::vector<ConfigEntry> entries;
  ConfigSource source;

  /// The entry of that key, or nullptr.
  const ConfigNode* find(std::string_view key) const;
  ConfigNode* find(std::string_view key);
};

struct ConfigEntry {
  std::string key;
  ConfigNode value;
};

/// Reads a file and, recursively, the files that any of its mappings names in an `include:` list (paths
/// relative to the file that names them); a mapping's own keys win over what it includes, later includes over
/// earlier ones.
ConfigNode load_config(const std::filesystem::path& path);

/// Values that aliases (*name) may add to those written out: a few lines of YAML can repeat each other
/// exponentially.
inline constexpr std::size_t kMostAliasedNodes = 10'000;

/// Parses YAML text in UTF-8; `name` stands for the file in messages. Resolves no includes. The tree has at
/// most one node a byte and kMostAliasedNodes more.
ConfigNode parse_config(const std::string& text, const std::string& name);

/// Overlays mappings key by key; everything else is replaced.
void merge_config(ConfigNode& base, const ConfigNode& overlay);

/// Sets the value at a dotted path, making mappings on the way: what `--set a.b=c` does. Keys that have dots
/// themselves, such as the axes of a sweep, are met by them.
void set_config(ConfigNode& root, const std::string& dotted_path, ConfigNode value);

/// A value that no file has written, such as that of an option.
ConfigNode text_node(std::string text, ConfigSource source);

/// Applies "a.b=c", c being YAML (so lists work: a.b=[1, 2]).
void apply_setting(ConfigNode& root, const std::string& setting);

/// The candidate nearest in spelling to `word`, or "" when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mofi
