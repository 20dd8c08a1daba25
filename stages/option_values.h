#pragma once
// What the options of stages may be. Refusals read as those of config keys.

#include <CLI/CLI.hpp>
#include <limits>
#include <string>
#include <vector>

namespace mofi {

/// One of these; the refusal names the nearest.
CLI::Validator one_of(const std::vector<std::string>& names);

/// From `least` to `most`, both included.
CLI::Validator number(double least, double most = std::numeric_limits<double>::infinity());
/// The same of whole numbers; without a bound as large as 64 bits hold.
CLI::Validator integer(double least, double most = std::numeric_limits<double>::infinity());

/// Options that only some of the actions of a stage heed, as `sweep` has them: told in the help, and refused
/// with the others, for an option without effect may be the one that was meant to keep a run from harm.
class ActionOptions {
 public:
  /// `actions` as the help has them: "run, retry".
  CLI::Option* only_for(const std::string& actions, CLI::Option* option);
  /// Throws a usage error for the first option that was given and that the action of the stage does not heed.
  void check(const std::string& stage, const std::string& action) const;

 private:
  struct Limited {
    CLI::Option* option;
    std::vector<std::string> actions;
  };
  std::vector<Limited> options_;
};

}  // namespace mofi
