#pragma once
// A nested config as dotted paths and texts ("injection.site" → "0"), in which configs are compared and
// shown.

#include <map>
#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

struct FlatConfig {
  std::vector<std::string> order;            ///< paths as the config has them
  std::map<std::string, std::string> value;  ///< texts as they are, everything else as JSON

  /// The value at a path, or `absent`.
  std::string get(const std::string& path, const std::string& absent = "") const;
  void erase(const std::string& path);
};

/// A text as it is, everything else as JSON.
std::string text_of(const Json& value);

/// Lists are values, not nested paths. An empty mapping vanishes.
FlatConfig flatten(const Json& config);

/// "injection" of "injection.site"; the whole path when it has no dot.
std::string section_of(const std::string& path);

/// Short names for paths: the last component, or the whole path where two would be called the same.
std::vector<std::string> short_names(const std::vector<std::string>& paths);

/// Numbers by size, before texts, which go by letters: the order in which a reader looks for values.
bool reads_before(const std::string& a, const std::string& b);

}  // namespace mofi
