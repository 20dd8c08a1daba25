#pragma once
// A config as it was resolved, for the copy that a submitted job reads.

#include <string>

#include "core/config_tree.h"

namespace mofi {

/// YAML from which parse_config makes the same tree, but for where its values were written.
std::string config_text(const ConfigNode& root);

}  // namespace mofi
