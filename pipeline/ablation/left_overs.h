#pragma once
// What sweeps that were killed or changed have left in a results folder, and nobody needs: `mofi sweep gc`.
// Never a result.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace mofi {

struct LeftOver {
  std::filesystem::path path;
  std::string what;  ///< "the checkpoint of a run that is done"
};

/// Processes on other machines count as dead after so long without a sign of life, many times the lease. The
/// file system's own times are compared with each other, and no clock of any machine.
inline constexpr double kForgotten = 3600;  // s

/// Temporary files of dead writers, checkpoints of runs that are done, job files of dead processes that no
/// attempt refers to; and with `orphans` the folders of runs without a result that no cell of `wanted` asks
/// for and nobody is at work on.
std::vector<LeftOver> find_left_overs(const std::filesystem::path& results,
                                      const std::set<std::string>& wanted, bool orphans);

/// Removes them. Returns how many bytes there are more.
std::uintmax_t remove(const std::vector<LeftOver>& left_overs);
std::uintmax_t bytes_of(const LeftOver& left_over);

}  // namespace mofi
