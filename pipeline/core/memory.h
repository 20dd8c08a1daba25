#pragma once
// How much memory this process has, and how much is left: of the machine, or of what a container or a batch
// system grants (cgroups), where that is less.

#include <filesystem>
#include <string>

namespace mofi {

/// In GiB (2^30 bytes).
struct MemoryUse {
  double resident_gib = 0;   ///< of this process, now
  double peak_gib = 0;       ///< the most that it ever had
  double available_gib = 0;  ///< what may still be taken, by this process and all beside it
  double total_gib = 0;      ///< the machine's memory, or the lowest limit above this process
};

/// Reads /proc and, where they are mounted, cgroups of version 2 or 1; `root` stands for / in tests.
/// What cannot be read stays 0.
MemoryUse memory_use(const std::filesystem::path& root = "/");

/// "memory: 1.2 GiB in use, 1.9 at most, 20.1 of 24 free".
std::string memory_line(const MemoryUse& use);
std::string memory_line();

}  // namespace mofi
