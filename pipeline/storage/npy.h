#pragma once
// NumPy's .npy format (numpy.lib.format), in which MIDI-BERT publishes its arrays: a mark, a version, a
// header that is a Python dictionary in text, and the elements. The header is read by a grammar of its own
// and never evaluated; nothing is taken that would need Python to be understood (pickled objects,
// structures).

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mofi {

/// An array as its file has it: row-major, little-endian. It views bytes that somebody else holds.
struct NpyArray {
  std::string dtype;  ///< "i1" "i2" "i4" "i8", "u1" … "u8", "b1" (truth values), "f2" "f4" "f8"
  std::vector<std::uint64_t> shape;  ///< empty for a single number
  std::span<const std::byte> data;   ///< as many bytes as the shape needs, at any alignment

  bool is_integer() const { return dtype[0] == 'i' || dtype[0] == 'u'; }
  std::uint64_t size() const;  ///< how many elements
};

/// Reads versions 1.0, 2.0 and 3.0. The product of the shape's extents that are not 0 is below 2^63 bytes,
/// and the data are as many bytes as the shape needs. Throws kData in one sentence, with `name` for the file.
NpyArray parse_npy(std::span<const std::byte> bytes, const std::string& name);

/// A whole file in memory; the array views its contents.
struct NpyFile {
  std::vector<std::byte> contents;
  NpyArray array;
};
NpyFile read_npy(const std::filesystem::path& path);

/// The elements as numbers, whatever the integer type. Throws kData when the type is no integer, or a number
/// of u8 is above the largest std::int64_t.
std::vector<std::int64_t> integers_of(const NpyArray& array, const std::string& name);

/// The elements as numbers, whatever the type; integers beyond 2^53 are rounded.
std::vector<double> numbers_of(const NpyArray& array);

/// "(114, 512, 4)", "(114,)", "()": a shape as Python prints it.
std::string shape_text(std::span<const std::uint64_t> shape);

/// Writes atomically, in version 1.0 with the type <i8: byte for byte what numpy.save writes.
void write_npy(const std::filesystem::path& path, std::span<const std::uint64_t> shape,
               std::span<const std::int64_t> values);

}  // namespace mofi
