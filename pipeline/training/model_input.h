#pragma once
// Rows of a data set as tensors that a model takes.

#include "model/classifier.h"
#include "training/dataset.h"

namespace mofi {

/// The model's input for these rows (indices into dataset.rows), each shifted by `shifts` semitones (empty:
/// none). Conventions that look at padding get rows of dataset.max_words. Masked rows hold their words alone,
/// one row behind another; on a device, whose kernels want equal rows, they are padded to the longest, in
/// steps of 16.
ModelInput make_input(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
                      Padding padding, torch::Device device);

}  // namespace mofi
