#pragma once
// Parameters in words.

#include <span>
#include <string>

#include "storage/safetensors.h"

namespace mofi {

/// Totals, metadata and a table of parameters in which those that differ in numbers of their names alone
/// ("encoder.layer.{0..11}.output.dense.bias") are one line; at most `lines` of them.
std::string text_of(const SafeTensorFile& file, std::size_t lines = 100);

/// That table alone.
std::string table_of(std::span<const SafeTensor> tensors, std::size_t lines = 100);
/// "1,024 numbers in 8 tensors (F32 1,000, I64 24)".
std::string totals_of(std::span<const SafeTensor> tensors);

}  // namespace mofi
