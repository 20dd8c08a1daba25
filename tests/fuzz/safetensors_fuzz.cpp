// The safetensors reader, which reads from a path: the input lies in a file in memory.

#include "storage/safetensors.h"

#include <sys/mman.h>
#include <unistd.h>

#include "hostile_input.h"

namespace mofi {
namespace {

// The JSON header as a tree: some ten bytes of memory a byte of text, twice while vectors grow; then the
// tensors.
constexpr MemoryBound kBound{.bytes_per_input_byte = 128};

void check(const SafeTensorFile& file) {
  std::size_t covered = 0;
  for (const SafeTensor& tensor : file.tensors) {
    std::size_t elements = 1;
    for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
    require(elements <= tensor.bytes.size(), "a tensor has a byte or more for every element");
    for (const std::byte& byte : tensor.bytes)
      require(&byte >= file.contents.data() && &byte < file.contents.data() + file.contents.size(),
              "tensors lie in the file");
    covered += tensor.bytes.size();
  }
  require(covered <= file.contents.size(), "tensors do not overlap");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  static const int file = memfd_create("input", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
          "the input lies in memory");
  SafeTensorFile read;
  if (accepts(std::as_bytes(std::span(data, size)), ExitCode::kData, kBound,
              [&] { read = read_safetensors(path); }))
    check(read);
  return 0;
}
