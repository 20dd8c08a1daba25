#pragma once
// The processes that share a piece of work, as seen by one of them, without a word of how they are connected:
// what lets libraries that know nothing of MPI use all ranks of a job. Complete with one process.

#include <cstddef>
#include <functional>
#include <string>

namespace mofi {

struct Team {
  int rank = 0, size = 1;

  /// Collective: hands every rank's bytes to `at_root` on rank 0, one rank after the other, its own first.
  std::function<void(std::string own, const std::function<void(const std::string&)>& at_root)> collect =
      [](std::string own, const std::function<void(const std::string&)>& at_root) { at_root(own); };

  bool is_root() const { return rank == 0; }
  /// Whether this rank does item `i` of a list that all have.
  bool does(std::size_t i) const {
    return i % static_cast<std::size_t>(size) == static_cast<std::size_t>(rank);
  }
};

}  // namespace mofi
