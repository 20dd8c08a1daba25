#include "midi/midi_files.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

bool has_ending(const fs::path& path, std::span<const char* const> endings) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(endings, ending) != endings.end();
}

}  // namespace

std::vector<std::string> files_below(const fs::path& folder, std::span<const char* const> endings) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) fail(ExitCode::kMissing, "{}: no such folder", folder.string());
  std::vector<std::string> names;
  for (fs::recursive_directory_iterator at(folder, failure), end; at != end; at.increment(failure)) {
    const fs::path path = at->path();
    if (has_ending(path, endings) && at->is_regular_file(failure)) {
      names.push_back(path.lexically_relative(folder).generic_string());
      if (first_byte_not_utf8(names.back()))
        fail(ExitCode::kData, "{}/{}: its name is not UTF-8; rename it", folder.string(),
             printable(names.back()));
    }
    if (failure)
      fail(ExitCode::kData, "{}: cannot be looked into: {}; mend or remove it", path.string(),
           failure.message());
  }
  if (failure) fail(ExitCode::kData, "{}: cannot be looked into: {}", folder.string(), failure.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace mofi
