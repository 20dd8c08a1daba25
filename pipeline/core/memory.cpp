#include "core/memory.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace mofi {
namespace {

using std::filesystem::path;

constexpr double kGib = 1024.0 * 1024 * 1024;

/// Files of /proc and of cgroups have no size that could be asked for beforehand; they are read as streams.
std::string first_word(const path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;  // "max": no limit
  return value;
}

/// The number after `key` in a file of lines such as "VmRSS:  123 kB" or "inactive_file 4096".
std::optional<std::uint64_t> value_of(const path& file, std::string_view key) {
  std::ifstream stream(file);
  std::string line;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string name, value;
    if (words >> name >> value && name == key) return number_in(value);
  }
  return std::nullopt;
}

double kib_as_gib(const std::optional<std::uint64_t>& kib) {
  return static_cast<double>(kib.value_or(0)) * 1024 / kGib;
}

/// What differs between the two versions of cgroups.
struct CgroupVersion {
  const char* file_system;
  const char* limit;
  const char* usage;
  const char* idle_cache;  ///< in memory.stat: pages of files, which give way before memory runs out
};
constexpr CgroupVersion kVersion2 = {"cgroup2", "memory.max", "memory.current", "inactive_file"};
constexpr CgroupVersion kVersion1 = {"cgroup", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                     "total_inactive_file"};

/// Whether `item` is one of a list with commas.
bool lists(std::string_view list, std::string_view item) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == item) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// The cgroup of this process as /proc/self/cgroup names it: "0::/path" in version 2, "4:memory:/path" in 1.
std::optional<std::string> cgroup_of_process(const path& root, const CgroupVersion& version) {
  std::ifstream stream(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(stream, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (&version == &kVersion2 ? line.starts_with("0::") : lists(controllers, "memory"))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

struct Mount {
  path point;         ///< where it is seen
  std::string above;  ///< the cgroup that is seen there; in a container often its own
};

/// proc(5): "36 35 98:0 ROOT POINT options … - TYPE source options".
std::optional<Mount> mount_of(const path& root, const CgroupVersion& version) {
  std::ifstream stream(root / "proc/self/mountinfo");
  std::string line;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string skipped, above, point, word, type, source, options;
    words >> skipped >> skipped >> skipped >> above >> point;
    while (words >> word && word != "-") {
    }
    if (!(words >> type >> source >> options) || type != version.file_system) continue;
    if (&version == &kVersion1 && !lists(options, "memory")) continue;
    return Mount{root / path(point).relative_path(), above};
  }
  return std::nullopt;
}

/// Lowers `use` to what the cgroup of this process and all above it, as far as they are seen, allow.
void apply_limits(MemoryUse& use, const path& root, const CgroupVersion& version) {
  const auto mount = mount_of(root, version);
  const auto cgroup = cgroup_of_process(root, version);
  if (!mount || !cgroup) return;
  path folder = mount->point;
  // A container may see its own cgroup at the mount point, and be named by another path.
  const path inside = path(*cgroup).lexically_relative(mount->above);
  std::error_code ignored;
  if (!inside.empty() && inside != "." && *inside.begin() != ".." &&
      std::filesystem::is_directory(mount->point / inside, ignored))
    folder /= inside;
  while (true) {
    if (const auto limit = number_in(first_word(folder / version.limit))) {
      const std::uint64_t taken = number_in(first_word(folder / version.usage)).value_or(0);
      const std::uint64_t idle = value_of(folder / "memory.stat", version.idle_cache).value_or(0);
      const double in_use = static_cast<double>(taken - std::min(taken, idle));
      const double limit_bytes = static_cast<double>(*limit);
      use.total_gib = std::min(use.total_gib, limit_bytes / kGib);
      use.available_gib = std::min(use.available_gib, std::max(0.0, limit_bytes - in_use) / kGib);
    }
    if (folder == mount->point) return;
    folder = folder.parent_path();
  }
}

/// Two digits that matter, without a tail of zeros: 0.04, 1.2, 24, 503.
std::string short_number(double value) {
  std::string text = fmt::format("{:.{}f}", value, value < 1 ? 2 : value < 100 ? 1 : 0);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

MemoryUse memory_use(const path& root) {
  const path status = root / "proc/self/status", machine = root / "proc/meminfo";
  MemoryUse use;
  use.resident_gib = kib_as_gib(value_of(status, "VmRSS:"));
  use.peak_gib = std::max(use.resident_gib, kib_as_gib(value_of(status, "VmHWM:")));
  use.available_gib = kib_as_gib(value_of(machine, "MemAvailable:"));
  use.total_gib = kib_as_gib(value_of(machine, "MemTotal:"));
  apply_limits(use, root, kVersion2);
  apply_limits(use, root, kVersion1);
  return use;
}

std::string memory_line(const MemoryUse& use) {
  return fmt::format("memory: {} GiB in use, {} at most, {} of {} free", short_number(use.resident_gib),
                     short_number(use.peak_gib), short_number(use.available_gib),
                     short_number(use.total_gib));
}

std::string memory_line() { return memory_line(memory_use()); }

}  // namespace mofi
