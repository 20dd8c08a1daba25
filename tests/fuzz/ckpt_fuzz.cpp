// The reader of PyTorch checkpoints, zip and legacy, what it finds of MidiBERT in them, and their
// description.

#include <zlib.h>

#include <algorithm>

#include "hostile_input.h"
#include "storage/midibert_layout.h"
#include "storage/torch_checkpoint_text.h"

namespace mofi {
namespace {

// A byte of a pickle may become a value of its own. Deflated storages, shared and gathered ones are bounded
// by 64 times the file, or a megabyte, each; a deflated entry is unpacked through buffers of 64 KiB.
constexpr MemoryBound kBound{.fixed_bytes = std::size_t{3} << 20, .bytes_per_input_byte = 512};

std::uint64_t element_bytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32" || dtype == "I32") return 4;
  return dtype == "F16" || dtype == "BF16" || dtype == "I16" ? 2 : 1;
}

void check(const SafeTensor& tensor) {
  std::uint64_t bytes = element_bytes(tensor.dtype);
  const bool is_empty = std::ranges::find(tensor.shape, 0) != tensor.shape.end();
  for (const std::int64_t extent : tensor.shape) bytes *= is_empty ? 0 : static_cast<std::uint64_t>(extent);
  require(bytes == tensor.bytes.size(), "a tensor has as many bytes as its shape needs");
  unsigned sum = 0;
  for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);  // all of them can be read
  volatile unsigned seen = sum;
  (void)seen;
}

void check(std::span<const std::byte> bytes) {
  TorchCheckpointFile file{{}, parse_torch_checkpoint(bytes, "input.ckpt")};
  const auto& tensors = file.checkpoint.tensors;
  require(!tensors.empty(), "a checkpoint that is accepted has tensors");
  for (const SafeTensor& tensor : tensors) check(tensor);
  require(text_of(file, 5).size() > 50, "it is described");
  for (const bool backbone_only : {false, true})
    if (const auto layout = midibert_layout(tensors, backbone_only); layout && layout->problems.empty()) {
      for (const SafeTensor& tensor : layout->tensors) check(tensor);
      require(layout->sizes.hidden % layout->sizes.heads == 0, "the heads divide the hidden width");
      require(layout->sizes.max_position > 1 && layout->sizes.layers > 0, "every size is known");
    }
}

std::uint32_t little(const std::uint8_t* bytes, int count) {
  std::uint32_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

void write_little(std::uint8_t* bytes, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
}

/// Gives every stored entry of a zip archive the checksum that it should have: a mutation hardly ever hits
/// it.
void mend_checksums(std::span<std::uint8_t> archive) {
  constexpr std::size_t kDirectoryHeader = 46, kLocalHeader = 30;
  constexpr std::uint32_t kMark = 0x02014b50;
  for (std::size_t at = 0; at + kDirectoryHeader <= archive.size(); ++at) {
    std::uint8_t* entry = archive.data() + at;
    if (little(entry, 4) != kMark || little(entry + 10, 2) != 0) continue;
    const std::size_t size = little(entry + 20, 4), local = little(entry + 42, 4);
    if (local + kLocalHeader > archive.size()) continue;
    const std::size_t data = local + kLocalHeader + little(archive.data() + local + 26, 2) +
                             little(archive.data() + local + 28, 2);
    if (data > archive.size() || size > archive.size() - data) continue;
    const auto crc = static_cast<std::uint32_t>(crc32_z(0, archive.data() + data, size));
    write_little(entry + 16, crc);
    write_little(archive.data() + local + 14, crc);
  }
}

}  // namespace
}  // namespace mofi

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) mofi::mend_checksums({data, size});
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  accepts(bytes, ExitCode::kData, kBound, [&] { check(bytes); });
  return 0;
}
