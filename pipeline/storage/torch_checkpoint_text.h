#pragma once
// A PyTorch checkpoint in words.

#include <string>

#include "storage/torch_checkpoint.h"

namespace mofi {

/// What is in it, what MidiBERT it is, the numbers beside the weights, and the table of its parameters.
std::string text_of(const TorchCheckpointFile& file, std::size_t lines = 100);

/// What a model would load of it: "a sequence classifier of 4 classes on MidiBERT: 12 layers of 768 …", or
/// what does not fit.
std::string midibert_text(const TorchCheckpoint& checkpoint);

}  // namespace mofi
