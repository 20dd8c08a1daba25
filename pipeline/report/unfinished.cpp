#include "report/unfinished.h"

#include <algorithm>
#include <string_view>

namespace mofi {
namespace {

bool all_of(std::string_view text, std::string_view letters) {
  return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

bool is_numbered(std::string_view word, std::string_view name) {
  return word.starts_with(name) && all_of(word.substr(name.size()), "0123456789");
}

}  // namespace

std::string arm_part_of(const std::string& folder) {
  constexpr std::size_t kIdentity = 12;
  std::string name = folder.substr(folder.rfind('/') + 1);
  if (const auto dash = name.rfind('-'); dash != std::string::npos && name.size() - dash - 1 == kIdentity &&
                                         all_of(std::string_view(name).substr(dash + 1), "0123456789abcdef"))
    name.resize(dash);
  std::string part;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("_-", at), name.size());
    const std::string_view word = std::string_view(name).substr(at, end - at);
    if (!is_numbered(word, "seed") && !is_numbered(word, "fold"))
      part += (part.empty() ? "" : "_") + std::string(word);
    at = end + 1;
  }
  return part;
}

}  // namespace mofi
