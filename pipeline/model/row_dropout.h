#pragma once
// Dropout by a hash of seed, row and column: nothing is stored for the way back, and threads do not change
// what is dropped.

#include <cstdint>

namespace mofi {

/// What a row drops: its element i, where a hash of (key, i) is below `threshold`.
struct RowDropout {
  std::uint32_t key = 0;
  std::uint32_t threshold = 0;  ///< probability × 2^32; 0 drops nothing
  float keep_scale = 1;         ///< 1 / (1 - probability)
};

RowDropout dropout_of_row(double probability, std::uint64_t seed, std::int64_t row);

}  // namespace mofi
