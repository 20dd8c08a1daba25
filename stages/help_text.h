#pragma once
// What --help prints: every option with its kind, its range, what goes with it and its default, in 100
// columns.

#include <CLI/CLI.hpp>
#include <string>

namespace mofi {

/// What an option takes: "NUMBER", "{auto,cpu,cuda}". CLI11 has the texts of validators behind a colon.
struct Kind {
  std::string name, range;
};
Kind kind_of(const CLI::Option& option);

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace mofi
