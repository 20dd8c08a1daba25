#pragma once
// Every key of every YAML file that the stages read, from the descriptions that read them (core/config.h).

#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// One kind of file.
struct ConfigDocument {
  std::string name;   ///< "experiment", as `mofi config --of` has it
  std::string title;  ///< "Experiment"
  std::string about;  ///< who reads it, and what may stand in it besides its fields, in Markdown
  std::vector<FieldLine> fields;
  std::vector<FieldLine> sections;  ///< path and help
};

/// Experiment, pre-training, cluster profile, published values.
const std::vector<ConfigDocument>& config_documents();

/// Of the keys that are named, sections or fields: a line with default, type, range and unit, and one that
/// says what it is. All without names. Throws a usage error for an unknown one, with the nearest.
std::string reference_text(const ConfigDocument& document, const std::vector<std::string>& keys = {});

/// A file of that kind with every key at its default, each with a comment.
std::string reference_yaml(const ConfigDocument& document);

/// The page docs/configuration.md, of all documents.
std::string reference_page();

}  // namespace mofi
