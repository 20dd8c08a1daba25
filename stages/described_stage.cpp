#include "described_stage.h"

#include <map>
#include <sstream>

#include "help_text.h"

namespace mofi {
namespace {

/// CLI11 has no place for it in an option.
std::map<const CLI::Option*, Json>& keys_of_options() {
  static std::map<const CLI::Option*, Json> keys;
  return keys;
}

/// Of "{auto,cpu,cuda}"; none of anything else.
std::vector<std::string> choices_of(const std::string& kind) {
  std::vector<std::string> choices;
  if (!kind.starts_with("{") || !kind.ends_with("}")) return choices;
  std::istringstream names(kind.substr(1, kind.size() - 2));
  for (std::string name; std::getline(names, name, ',');) choices.push_back(name);
  return choices;
}

}  // namespace

void takes_keys(const CLI::Option& option, const std::string& document,
                const std::vector<std::string>& sections) {
  keys_of_options()[&option] = {{"document", document}, {"sections", sections}};
}

Json described(const CLI::App& app) {
  Json options = Json::array(), words = Json::array();
  for (const CLI::Option* option : app.get_options()) {
    const Kind kind = kind_of(*option);
    const std::vector<std::string> choices = choices_of(kind.name);
    if (option->get_positional()) {
      words.push_back(choices);
      continue;
    }
    Json names = Json::array();
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    Json one = {
        {"names", names}, {"takes", kind.name}, {"choices", choices}, {"help", option->get_description()}};
    if (const auto keys = keys_of_options().find(option); keys != keys_of_options().end())
      one["keys"] = keys->second;
    options.push_back(std::move(one));
  }
  return {{"about", app.get_description()}, {"options", options}, {"words", words}};
}

}  // namespace mofi
