#pragma once
// The safetensors format (huggingface/safetensors, README "Format"): an 8-byte little-endian header length, a
// JSON header, the tensors' bytes. Knows nothing of LibTorch: tensors are names, types, shapes and bytes.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

struct SafeTensor {
  std::string name;
  std::string dtype;  ///< "F64", "F32", "BF16", "I64", "U8"
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  ///< row-major, little-endian
};

/// Writes atomically, tensors in the given order.
void write_safetensors(const std::filesystem::path& path, const std::vector<SafeTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

/// Whether a file of that size that begins with these bytes may be one: a length that it can hold, then a
/// JSON object.
bool begins_as_safetensors(std::string_view beginning, std::uint64_t file_bytes);

/// A whole file in memory; the tensors view its bytes.
struct SafeTensorFile {
  std::vector<std::byte> contents;
  std::vector<SafeTensor> tensors;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
};

/// Reads and checks: bounded header, known types, sizes that equal their shapes, tensors that cover the data
/// without gap or overlap. Throws kData with the reason otherwise.
SafeTensorFile read_safetensors(const std::filesystem::path& path);
/// What the header says, checked against the size of the file: the tensors have no bytes, none of which is
/// read.
SafeTensorFile read_safetensors_header(const std::filesystem::path& path);
/// The same as read_safetensors of contents in memory; `name` stands for the file in messages.
SafeTensorFile parse_safetensors(std::vector<std::byte> contents, const std::string& name);

}  // namespace mofi
