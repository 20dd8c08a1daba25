#include "storage/safetensors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"

namespace mofi {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestTensor = std::uint64_t{1} << 50;
constexpr std::uint64_t kLargestHeader = 100'000'000;  // the reference implementation's own limit

std::uint64_t element_bytes(const std::string& dtype) {
  static const std::map<std::string, std::uint64_t> sizes = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},
                                                             {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                                                             {"U8", 1},  {"BOOL", 1}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

/// Element count times element size, or a failure when it exceeds `limit` (so that nothing can overflow).
std::uint64_t byte_count(const SafeTensor& tensor, std::uint64_t limit, const std::string& file) {
  std::uint64_t bytes = element_bytes(tensor.dtype);
  if (bytes == 0) fail(ExitCode::kData, "{}: tensor {} has unknown type {}", file, tensor.name, tensor.dtype);
  for (const std::int64_t extent : tensor.shape) {
    if (extent < 0 || (extent > 0 && bytes > limit / static_cast<std::uint64_t>(extent)))
      fail(ExitCode::kData, "{}: tensor {} claims a shape larger than the file", file, tensor.name);
    bytes *= static_cast<std::uint64_t>(extent);
  }
  return bytes;
}

/// Whole numbers from 0 to 2^63 - 1. The JSON library would also take fractions and truth values for them,
/// and has no defined result for fractions beyond 2^63.
std::vector<std::int64_t> whole_numbers(const nlohmann::json& list, const std::string& tensor,
                                        const std::string& file) {
  const auto refuse = [&](const nlohmann::json& found, const char* expected) {
    // Only of a number the text is shown: the library would print lists within lists by recursion.
    fail(ExitCode::kData, "{}: its safetensors header is malformed: tensor {} has {} where {} is expected",
         file, tensor, found.is_number() ? found.dump() : found.type_name(), expected);
  };
  if (!list.is_array()) refuse(list, "a list of whole numbers");
  std::vector<std::int64_t> numbers;
  for (const auto& item : list) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
      refuse(item, "a whole number");
    numbers.push_back(item.get<std::int64_t>());
  }
  return numbers;
}

/// The first eight bytes of a file of that size: how long its header is.
std::uint64_t size_of_header(std::span<const std::byte> beginning, std::uint64_t file_bytes,
                             const std::string& name) {
  std::uint64_t header_bytes = 0;
  if (file_bytes < sizeof header_bytes)
    fail(ExitCode::kData, "{}: is too short for a safetensors file", name);
  std::memcpy(&header_bytes, beginning.data(), sizeof header_bytes);
  if (header_bytes > kLargestHeader || header_bytes > file_bytes - sizeof header_bytes)
    fail(ExitCode::kData, "{}: is not a safetensors file: its header would be {} bytes long", name,
         header_bytes);
  return header_bytes;
}

/// A tensor whose bytes are yet to be found: at `offset` of the data.
struct PlacedTensor {
  std::uint64_t offset = 0, bytes = 0;
  SafeTensor tensor;
};

/// What a header says of data of that size, in the order of the bytes. Checks that the tensors cover them.
std::vector<PlacedTensor> tensors_of_header(std::string_view text, std::uint64_t data_bytes,
                                            const std::string& name,
                                            std::map<std::string, std::string>& metadata) {
  // Not an ordered_json, which compares each key with all before it: a header may have millions.
  const auto header = nlohmann::json::parse(text, nullptr, false);
  if (!header.is_object()) fail(ExitCode::kData, "{}: its safetensors header is not a JSON object", name);
  std::vector<PlacedTensor> by_offset;
  try {
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        metadata = value.get<std::map<std::string, std::string>>();
        continue;
      }
      SafeTensor tensor{
          key, value.at("dtype").get<std::string>(), whole_numbers(value.at("shape"), key, name), {}};
      const std::vector<std::int64_t> ends = whole_numbers(value.at("data_offsets"), key, name);
      if (ends.size() != 2)
        fail(ExitCode::kData, "{}: its safetensors header is malformed: tensor {} has {} data_offsets, not 2",
             name, key, ends.size());
      const std::array<std::uint64_t, 2> offsets = {static_cast<std::uint64_t>(ends[0]),
                                                    static_cast<std::uint64_t>(ends[1])};
      const std::uint64_t bytes = byte_count(tensor, data_bytes, name);
      if (offsets[0] > offsets[1] || offsets[1] > data_bytes || offsets[1] - offsets[0] != bytes)
        fail(ExitCode::kData, "{}: tensor {} needs {} bytes but is given {}..{} of {}", name, key, bytes,
             offsets[0], offsets[1], data_bytes);
      by_offset.push_back({offsets[0], bytes, std::move(tensor)});
    }
  } catch (const nlohmann::json::exception& error) {
    fail(ExitCode::kData, "{}: its safetensors header is malformed: {}", name, error.what());
  }
  // An empty tensor begins where the next one does, and its place in the header says nothing: it goes first.
  std::ranges::stable_sort(by_offset, {},
                           [](const PlacedTensor& placed) { return std::pair(placed.offset, placed.bytes); });
  std::uint64_t covered = 0;
  for (const PlacedTensor& placed : by_offset) {
    if (placed.offset != covered)
      fail(ExitCode::kData, "{}: tensor {} leaves a gap or overlaps another", name, placed.tensor.name);
    covered += placed.bytes;
  }
  if (covered != data_bytes)
    fail(ExitCode::kData, "{}: {} bytes at its end belong to no tensor", name, data_bytes - covered);
  return by_offset;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<SafeTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const SafeTensor& tensor : tensors) {
    if (header.contains(tensor.name))
      fail(ExitCode::kInternal, "{}: is given two tensors named {}", path.string(), tensor.name);
    if (byte_count(tensor, kLargestTensor, path.string()) != tensor.bytes.size())
      fail(ExitCode::kInternal, "{}: tensor {} is given {} bytes, which is not what its shape needs",
           path.string(), tensor.name, tensor.bytes.size());
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8,
              ' ');  // tensors begin at a multiple of 8, as the reference writer has it
  std::uint64_t header_bytes = text.size();

  AtomicFile file(path);
  std::ofstream stream(file.path(), std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const SafeTensor& tensor : tensors)
    stream.write(reinterpret_cast<const char*>(tensor.bytes.data()),
                 static_cast<std::streamsize>(tensor.bytes.size()));
  stream.close();
  if (!stream) fail(ExitCode::kMissing, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  file.commit();
}

bool begins_as_safetensors(std::string_view beginning, std::uint64_t file_bytes) {
  std::uint64_t header = 0;
  if (beginning.size() <= sizeof header || file_bytes < beginning.size()) return false;
  std::memcpy(&header, beginning.data(), sizeof header);
  return beginning[sizeof header] == '{' && header <= file_bytes - sizeof header;
}

SafeTensorFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_bytes(path), path.string());
}

SafeTensorFile read_safetensors_header(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::ifstream stream(path, std::ios::binary);
  std::error_code no_file;
  const std::uint64_t file_bytes = std::filesystem::file_size(path, no_file);
  if (!stream || no_file) fail(ExitCode::kMissing, "{}: cannot be opened", name);
  std::array<std::byte, sizeof(std::uint64_t)> beginning{};
  stream.read(reinterpret_cast<char*>(beginning.data()), beginning.size());
  const std::uint64_t header_bytes = size_of_header(beginning, file_bytes, name);
  std::string text(header_bytes, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size())))
    fail(ExitCode::kData, "{}: cannot be read", name);
  SafeTensorFile file;
  for (PlacedTensor& placed :
       tensors_of_header(text, file_bytes - beginning.size() - header_bytes, name, file.metadata))
    file.tensors.push_back(std::move(placed.tensor));
  return file;
}

SafeTensorFile parse_safetensors(std::vector<std::byte> contents, const std::string& name) {
  SafeTensorFile file;
  file.contents = std::move(contents);
  const std::span<const std::byte> bytes(file.contents);
  const std::uint64_t header_bytes = size_of_header(bytes, bytes.size(), name);
  const std::span<const std::byte> data = bytes.subspan(sizeof header_bytes + header_bytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof header_bytes,
                              header_bytes);
  for (PlacedTensor& placed : tensors_of_header(text, data.size(), name, file.metadata)) {
    placed.tensor.bytes = data.subspan(placed.offset, placed.bytes);
    file.tensors.push_back(std::move(placed.tensor));
  }
  return file;
}

}  // namespace mofi
