#pragma once
// NumPy arrays in words.

#include <string>

#include "storage/npy.h"

namespace mofi {

/// Type, shape, digest, range, and the first numbers of the first `rows` entries along the first axis.
std::string text_of(const NpyArray& array, std::size_t rows);

}  // namespace mofi
