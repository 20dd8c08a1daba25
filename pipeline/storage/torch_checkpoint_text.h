#pragma once
// A PyTorch checkpoint in words.

#include <string>

#include "storage/torch_checkpoint.h"

namespace mofi {

/// What is in it, what MidiBERT it is, the numbers beside the weights, and the table of its parameters.
std::string text_of(const TorchCheckpointFile& file, std::size_t lines = 100);

}  // namespace mofi
