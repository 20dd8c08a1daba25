#include "ablation/slurm/template.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/config_tree.h"
#include "core/error.h"

namespace mofi {
namespace {

constexpr std::string_view kOpen = "{{", kClose = "}}";
constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";

std::vector<std::string> names_of(const std::map<std::string, std::string>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

}  // namespace

std::string fill_template(const std::string& text, const std::map<std::string, std::string>& values,
                          const std::string& name) {
  std::string filled;
  std::size_t at = 0;
  for (std::size_t open = 0; (open = text.find(kOpen, at)) != std::string::npos;) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n');
    const std::size_t close = text.find(kClose, open);
    if (close == std::string::npos)
      fail(ExitCode::kUsage, "{}:{}: a place is opened with {{{{ and not closed with }}}}", name, line);
    const std::string place = text.substr(open + kOpen.size(), close - open - kOpen.size());
    const auto value = values.find(place);
    if (value == values.end()) {
      const std::string near = nearest_name(place, names_of(values));
      fail(ExitCode::kUsage, "{}:{}: unknown place '{}'{}; places are {}", name, line, place,
           near.empty() ? "" : fmt::format(", did you mean '{}'?", near), fmt::join(names_of(values), ", "));
    }
    filled.append(text, at, open - at);
    filled += value->second;
    at = close + kClose.size();
  }
  filled.append(text, at);
  return filled;
}

std::string shell_quote(const std::string& text) {
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace mofi
