#pragma once
// The processes that share a piece of work, as seen by one of them, without a word of how they are connected:
// what lets libraries that know nothing of MPI use all ranks of a job. Complete with one process.

#include <cstddef>
#include <functional>
#include <string>

namespace mofi {

struct Team {
  using AtRoot = std::function<void(int rank, const std::string& bytes)>;

  int rank = 0, size = 1;
  int on_this_node = 1;  ///< how many of them share this machine's cores

  /// Collective: hands the bytes of every other rank to `at_root` on rank 0, one rank after the other.
  std::function<void(std::string own, const AtRoot& at_root)> collect = [](const std::string& /*own*/,
                                                                           const AtRoot& /*at_root*/) {};

  bool is_root() const { return rank == 0; }
  /// The rank that does item `i` of a list that all have.
  int owner(std::size_t i) const { return static_cast<int>(i % static_cast<std::size_t>(size)); }
};

}  // namespace mofi
