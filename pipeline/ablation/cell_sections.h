#pragma once
// A run's config section by section. Cells of a sweep share most of theirs: a section is read once for every
// combination of the axes that set it, by the reader that reads whole configs, and then copied.

#include <functional>
#include <string>
#include <vector>

#include "ablation/music.h"
#include "training/run_config.h"

namespace mofi {

/// What one combination of axes makes of a section.
struct SectionState {
  std::function<void(RunConfig&)> put;  ///< copies it into a config
  std::string text;                     ///< its member of the semantic config's JSON: "seed":1
  Json asked;  ///< all its fields as they are asked for, before what has no effect is reset
};

/// The sections of a run's config, in order: data, model, …, seed.
const std::vector<std::string>& run_sections();

/// Reads that section from a tree that may have others.
SectionState read_section(const ConfigNode& tree, const std::string& section);

/// The semantic config's JSON from its sections' texts, as config_to_json(config, true).dump() has it.
void append_member(std::string& json, const std::string& text);

}  // namespace mofi
