#include "help_text.h"

#include <fmt/core.h>

#include <vector>

#include "core/aligned.h"

namespace mofi {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 34;  // of what an option is

std::string names_of(const std::set<CLI::Option*>& options) {
  std::string names;
  for (const CLI::Option* option : options)
    names += (names.empty() ? "" : " or ") + option->get_name(option->get_positional());
  return names;
}

}  // namespace

Kind kind_of(const CLI::Option& option) {
  if (option.get_type_size() == 0) return {};  // a flag
  const std::string all = option.get_type_name();
  const std::size_t colon = all.find(':');
  Kind kind = {all.substr(0, colon), colon == std::string::npos ? "" : all.substr(colon + 1)};
  if (kind.name == "INT" || kind.name == "UINT") kind.name = "INTEGER";
  if (kind.name == "FLOAT") kind.name = "NUMBER";
  if (kind.range.starts_with("{")) return {kind.range, ""};
  return kind;
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrapped(app->get_description(), "", kColumns);
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  const Kind kind = kind_of(*option);
  std::string head = "  " + option->get_name(is_positional);
  if (!kind.name.empty() && !is_positional) head += " " + kind.name;
  if (option->get_expected_max() > 1 && !is_positional) head += " ...";

  std::string brackets;
  const auto add = [&](const std::string& what) { brackets += (brackets.empty() ? "" : "; ") + what; };
  if (!kind.range.empty()) add(kind.range);
  if (is_positional && kind.name.starts_with("{")) add("one of " + kind.name);
  if (option->get_required() && !is_positional) add("required");
  if (!option->get_needs().empty()) add("with " + names_of(option->get_needs()));
  if (!option->get_excludes().empty()) add("not with " + names_of(option->get_excludes()));
  if (!option->get_default_str().empty()) add("default " + option->get_default_str());

  const std::string what = option->get_description() + (brackets.empty() ? "" : " [" + brackets + "]");
  std::string lines = wrapped(what, std::string(kIndent, ' '), kColumns);
  if (head.size() + 2 > kIndent) return head + "\n" + lines;
  return head + lines.substr(head.size());
}

}  // namespace mofi
