#pragma once
// What a stage says of its options to the shell's completion: the same options that --help tells.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// As a stage's only argument: it prints `described` and ends.
inline constexpr const char* kDescribe = "--describe-for-completion";

/// The option takes keys of a kind of file (`mofi config --of`), in these sections or, without any, all.
void takes_keys(const CLI::Option& option, const std::string& document,
                const std::vector<std::string>& sections = {});

/// {"about": …, "options": [{"names": ["--device"], "takes": "" of a flag, "choices": […], "help": …,
///  "keys": {"document": …, "sections": […]}}], "words": [[…] of each argument without a name]}
Json described(const CLI::App& app);

}  // namespace mofi
