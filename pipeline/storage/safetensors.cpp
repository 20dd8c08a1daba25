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

SafeTensorFile parse_safetensors(std::vector<std::byte> contents, const std::string& name) {
  SafeTensorFile file;
  file.contents = std::move(contents);
  std::uint64_t header_bytes = 0;
  if (file.contents.size() < sizeof header_bytes)
    fail(ExitCode::kData, "{}: is too short for a safetensors file", name);
  std::memcpy(&header_bytes, file.contents.data(), sizeof header_bytes);
  if (header_bytes > kLargestHeader || header_bytes > file.contents.size() - sizeof header_bytes)
    fail(ExitCode::kData, "{}: is not a safetensors file: its header would be {} bytes long", name,
         header_bytes);
  const auto* text = reinterpret_cast<const char*>(file.contents.data()) + sizeof header_bytes;
  const std::span<const std::byte> data =
      std::span(file.contents).subspan(sizeof header_bytes + header_bytes);

  // Not an ordered_json, which compares each key with all before it: a header may have millions.
  const auto header = nlohmann::json::parse(text, text + header_bytes, nullptr, false);
  if (!header.is_object()) fail(ExitCode::kData, "{}: its safetensors header is not a JSON object", name);
  std::vector<std::pair<std::uint64_t, SafeTensor>> by_offset;
  try {
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        file.metadata = value.get<std::map<std::string, std::string>>();
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
      const std::uint64_t bytes = byte_count(tensor, data.size(), name);
      if (offsets[0] > offsets[1] || offsets[1] > data.size() || offsets[1] - offsets[0] != bytes)
        fail(ExitCode::kData, "{}: tensor {} needs {} bytes but is given {}..{} of {}", name, key, bytes,
             offsets[0], offsets[1], data.size());
      tensor.bytes = data.subspan(offsets[0], bytes);
      by_offset.emplace_back(offsets[0], std::move(tensor));
    }
  } catch (const nlohmann::json::exception& error) {
    fail(ExitCode::kData, "{}: its safetensors header is malformed: {}", name, error.what());
  }
  // An empty tensor begins where the next one does, and its place in the header says nothing: it goes first.
  std::stable_sort(by_offset.begin(), by_offset.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.bytes.size()) < std::pair(b.first, b.second.bytes.size());
  });
  std::uint64_t covered = 0;
  for (auto& [offset, tensor] : by_offset) {
    if (offset != covered)
      fail(ExitCode::kData, "{}: tensor {} leaves a gap or overlaps another", name, tensor.name);
    covered += tensor.bytes.size();
    file.tensors.push_back(std::move(tensor));
  }
  if (covered != data.size())
    fail(ExitCode::kData, "{}: {} bytes at its end belong to no tensor", name, data.size() - covered);
  return file;
}

}  // namespace mofi
