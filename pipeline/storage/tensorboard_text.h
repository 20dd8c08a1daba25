#pragma once
// TensorBoard's event files in words.

#include <string>

#include "storage/tensorboard.h"

namespace mofi {

/// Totals, times, and a line a tag: how many scalars, of which steps, the least, the greatest and the last;
/// at most `lines` of them.
std::string text_of(const TensorboardFile& file, std::size_t lines = 100);

}  // namespace mofi
