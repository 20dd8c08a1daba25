#pragma once
// Parameters in words.

#include <string>

#include "storage/safetensors.h"

namespace mofi {

/// Totals, metadata and a table of parameters in which those that differ in numbers of their names alone
/// ("encoder.layer.{0..11}.output.dense.bias") are one line; at most `lines` of them.
std::string text_of(const SafeTensorFile& file, std::size_t lines = 100);

}  // namespace mofi
