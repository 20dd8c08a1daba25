#pragma once
// The upper half of a float32, as the torch-free kernels read and write it.

#include <cstdint>

namespace mofi {

struct Bfloat16 {
  std::uint16_t bits;
};

}  // namespace mofi
