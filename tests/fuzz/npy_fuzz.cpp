// The .npy reader, and its elements as numbers.

#include "storage/npy.h"

#include <cmath>

#include "hostile_input.h"

namespace mofi {
namespace {

// The array views the input; as numbers it is eight bytes a byte (i1) and a copy of halves.
constexpr MemoryBound kBound{.bytes_per_input_byte = 16};

void check(std::span<const std::byte> input, const NpyArray& array) {
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : array.shape) elements *= extent;
  require(elements == array.size(), "an array has as many elements as its shape says");
  require(array.data.data() >= input.data() && array.data.size() <= input.size() &&
              array.data.data() + array.data.size() == input.data() + input.size(),
          "the data are the end of the input");
  const std::vector<double> numbers = numbers_of(array);
  require(numbers.size() == elements, "every element is a number");
  if (!array.is_integer()) return;
  const std::vector<std::int64_t> integers = integers_of(array, "input.npy");
  require(integers.size() == elements, "every element is a whole number");
  for (std::size_t i = 0; i < integers.size(); ++i)
    require(static_cast<double>(integers[i]) == numbers[i], "whole numbers are numbers");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  accepts(bytes, ExitCode::kData, kBound, [&] { check(bytes, parse_npy(bytes, "input.npy")); });
  return 0;
}
