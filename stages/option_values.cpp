#include "option_values.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "core/config.h"
#include "core/error.h"

namespace mofi {
namespace {

template <class T>
bool holds(const std::string& text, T& value) {
  const char* last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, value);
  return failure == std::errc{} && end == last;
}

/// Not a number where the text is none.
double whole(const std::string& text) {
  std::int64_t negative = 0;
  std::uint64_t value = 0;
  if (holds(text, value)) return static_cast<double>(value);
  return holds(text, negative) ? static_cast<double>(negative) : std::nan("");
}

double decimal(const std::string& text) {
  double value = 0;
  return holds(text, value) && std::isfinite(value) ? value : std::nan("");
}

CLI::Validator within(double least, double most, const std::string& noun,
                      double (*read)(const std::string&)) {
  FieldInfo bounds{.help = ""};
  bounds.minimum = least;
  bounds.maximum = most;
  const std::string range = allowed_text(bounds);
  return {[=](const std::string& found) -> std::string {
            const double value = read(found);
            if (value >= least && value <= most) return "";
            return fmt::format("expected {}, {}, found '{}'", noun, range, found);
          },
          range};
}

}  // namespace

CLI::Validator one_of(const std::vector<std::string>& names) {
  return {[names](const std::string& found) -> std::string {
            if (std::ranges::find(names, found) != names.end()) return "";
            const std::string near = nearest_name(found, names);
            return fmt::format("expected one of {}{}, found '{}'", fmt::join(names, ", "),
                               near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near), found);
          },
          fmt::format("{{{}}}", fmt::join(names, ","))};
}

CLI::Validator number(double least, double most) { return within(least, most, "a number", decimal); }
CLI::Validator integer(double least, double most) { return within(least, most, "an integer", whole); }

CLI::Option* ActionOptions::only_for(const std::string& actions, CLI::Option* option) {
  option->description(actions + ": " + option->get_description());
  options_.push_back({option, {}});
  std::istringstream words(actions);
  for (std::string action; std::getline(words >> std::ws, action, ',');)
    options_.back().actions.push_back(action);
  return option;
}

void ActionOptions::check(const std::string& stage, const std::string& action) const {
  for (const auto& [option, actions] : options_)
    if (option->count() > 0 && std::ranges::find(actions, action) == actions.end())
      fail(ExitCode::kUsage, "{} {}: {} is for {} {} alone", stage, action, option->get_name(), stage,
           fmt::join(actions, ", "));
}

}  // namespace mofi
