#pragma once
// Dropout by a hash of seed, row and column instead of a generator's sequence: nothing is stored for the way
// back, and threads do not change what is dropped. On devices other than the CPU, and for other types,
// ATen's.

#include <torch/types.h>

#include <cstdint>

namespace mofi {

/// A seed that ATen's generator decides, and so whoever seeded it.
std::uint64_t drawn_seed();

/// x with each element dropped by that probability and the others scaled up; x itself where there is none.
torch::Tensor dropout(const torch::Tensor& x, double probability);

}  // namespace mofi
