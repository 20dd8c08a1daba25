#pragma once
// Sequences of any lengths, laid one behind another in the rows of one tensor: what is done to every word
// alike works on all rows at once, and padding takes no room.

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mofi {

struct Sequences {
  /// Sequence s is rows starts[s] to starts[s + 1] - 1. Rows behind the last belong to none.
  std::vector<std::int64_t> starts = {0};

  /// The same where the model is, for a batch that lives there: kernels, and a CUDA graph that is replayed
  /// with other lengths, read these and not `starts`. Undefined: made where they are needed. sequences.cpp
  torch::Tensor device_starts;  ///< int64 [count + 1]
  torch::Tensor
      device_sequences;  ///< int64 [rows]: the sequence of every row; rows of none count to the last

  /// Of lengths that only the device knows, the largest that occurs; `starts` then says nothing. 0: they are
  /// known here.
  std::int64_t longest_there = 0;

  bool are_known_here() const { return longest_there == 0; }
  std::int64_t count() const {
    return are_known_here() ? static_cast<std::int64_t>(starts.size()) - 1 : device_starts.numel() - 1;
  }
  std::int64_t length(std::int64_t s) const {
    return starts[static_cast<std::size_t>(s) + 1] - starts[static_cast<std::size_t>(s)];
  }
  std::int64_t longest() const {
    std::int64_t longest = longest_there;
    for (std::int64_t s = 0; are_known_here() && s < count(); ++s) longest = std::max(longest, length(s));
    return longest;
  }
  /// All of one length, and no row left over in a tensor of so many: a batch that can be viewed as [count,
  /// length].
  bool are_regular(std::int64_t rows) const {
    if (!are_known_here() || count() == 0 || rows != starts.back()) return false;
    for (std::int64_t s = 1; s < count(); ++s)
      if (length(s) != length(0)) return false;
    return true;
  }
  std::vector<std::int64_t> lengths() const {
    std::vector<std::int64_t> lengths;
    for (std::int64_t s = 0; s < count(); ++s) lengths.push_back(length(s));
    return lengths;
  }
  void add(std::int64_t length) { starts.push_back(starts.back() + length); }

  /// device_starts, or a copy made now.
  torch::Tensor starts_on(torch::Device device) const;
  /// device_sequences, or a copy made now.
  torch::Tensor sequences_of_rows(std::int64_t rows, torch::Device device) const;
};

/// `count` sequences of one length.
inline Sequences regular_sequences(std::int64_t count, std::int64_t length) {
  Sequences sequences;
  for (std::int64_t s = 0; s < count; ++s) sequences.add(length);
  return sequences;
}

}  // namespace mofi
