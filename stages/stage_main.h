#pragma once
// What every stage does around its one function: read the command line, log, and turn errors into exit codes.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/config_tree.h"
#include "option_values.h"

namespace mofi {

/// Parses the command line, runs `body`, and returns the exit code (core/error.h). Adds --log-level.
int run_stage(int argc, char** argv, CLI::App& app, const std::function<void()>& body);

/// What goes wrong on every rank alike, such as a wrong config, is told once: the others wait a second before
/// they say it too, and the first, once it has spoken, ends them.
void let_first_rank_speak();

/// "internal: " and the first line of what an unforeseen exception says; the rest (a stack, with LibTorch)
/// goes to the debug log.
std::string internal_error_sentence(const std::exception& error);

/// The options --config F and --set key=value (repeatable) of stages that are told by a config.
struct ConfigOptions {
  std::string file;
  std::vector<std::string> settings;
};
/// `document`: the kind of file, as `mofi config --of` has it.
void add_config_options(CLI::App& app, ConfigOptions& options, bool config_required = true,
                        const std::string& document = "experiment");

/// The tree of the file with the settings applied; an empty mapping when there is no file.
ConfigNode load(const ConfigOptions& options);

}  // namespace mofi
