// The reader of safetensors, and their description.

#include "hostile_input.h"
#include "storage/safetensors_text.h"

namespace mofi {
namespace {

// The header becomes a tree of JSON, the input a copy; what OpenSSL makes once, for the first digest, is in
// the fixed part.
constexpr MemoryBound kBound{.fixed_bytes = std::size_t{1} << 18, .bytes_per_input_byte = 512};

void check(std::span<const std::byte> bytes) {
  const SafeTensorFile file = parse_safetensors({bytes.begin(), bytes.end()}, "input.safetensors");
  const std::byte* next = file.tensors.empty() ? nullptr : file.tensors.front().bytes.data();
  for (const SafeTensor& tensor : file.tensors) {
    require(tensor.bytes.data() == next, "tensors follow each other without a gap");
    next += tensor.bytes.size();
  }
  require(file.tensors.empty() || next == file.contents.data() + file.contents.size(),
          "they end where the file does");
  require(text_of(file, 5).size() > 50, "it is described");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  accepts(bytes, ExitCode::kData, kBound, [&] { check(bytes); });
  return 0;
}
