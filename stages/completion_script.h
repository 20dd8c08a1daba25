#pragma once
// Scripts by which shells complete commands, options, values and config keys. Whole by themselves: to press
// TAB starts no program.

#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// What one command can be followed by.
struct CompletedOption {
  std::vector<std::string> names;    ///< "--device"
  std::string takes;                 ///< "" of a flag, "TEXT", "INTEGER", "{auto,cpu,cuda}"
  std::vector<std::string> choices;  ///< of its value; empty: any
  std::string keys;                  ///< the name of the set of config keys that its value begins with, or ""
  std::string help;
};
struct CompletedCommand {
  std::string name, about;
  std::vector<CompletedOption> options;
  std::vector<std::string> words;  ///< of arguments without a name
};

struct CompletedKey {
  std::string path;
  std::vector<std::string> values;  ///< that are allowed; empty: any
};
struct CompletedKeys {
  std::string name;
  std::vector<CompletedKey> keys;
};

struct Completion {
  std::vector<CompletedCommand> commands;
  std::vector<CompletedKeys> key_sets;
};

/// Adds a stage by what it says of itself (described_stage.h), and the keys that its options take. Throws
/// kInternal where that is not understood.
void add_stage(Completion& completion, const std::string& name, const Json& described);

/// "bash", "zsh", "fish".
const std::vector<std::string>& completed_shells();
std::string completion_script(const Completion& completion, const std::string& shell);

}  // namespace mofi
