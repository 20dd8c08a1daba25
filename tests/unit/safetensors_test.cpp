#include "storage/safetensors.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "core/files.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

/// A file with this header and this many bytes of data.
void write_raw(const std::filesystem::path& path, const std::string& header, std::size_t data_bytes,
               std::optional<std::uint64_t> claimed = {}) {
  std::ofstream stream(path, std::ios::binary);
  const std::uint64_t size = claimed.value_or(header.size());
  stream.write(reinterpret_cast<const char*>(&size), sizeof size);
  stream << header << std::string(data_bytes, 'x');
}

/// The sentence with which such a file is refused.
std::string refusal(const std::string& header, std::size_t data_bytes,
                    std::optional<std::uint64_t> claimed = {}) {
  const TemporaryFolder folder;
  write_raw(folder / "raw.safetensors", header, data_bytes, claimed);
  return error_of([&] { read_safetensors(folder / "raw.safetensors"); });
}

void expect_in(const std::string& part, const std::string& sentence) {
  EXPECT_NE(sentence.find(part), std::string::npos) << "'" << sentence << "'";
}

TEST(Safetensors, are_read_back_as_they_were_written) {
  const TemporaryFolder folder;
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6}, bias = {-1, 0.5F}, nothing;
  write_safetensors(folder / "w.safetensors",
                    {{"layer.weight", "F32", {2, 3}, bytes_of(weight)},
                     {"empty", "F32", {0, 7}, bytes_of(nothing)},
                     {"layer.bias", "F32", {2}, bytes_of(bias)}},
                    {{"format", "pt"}, {"step", "12"}});
  const SafeTensorFile file = read_safetensors(folder / "w.safetensors");
  ASSERT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors[0].name, "layer.weight");
  EXPECT_EQ(file.tensors[0].dtype, "F32");
  EXPECT_EQ(file.tensors[0].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.tensors[0].bytes.data(), weight.data(), 24), 0);
  EXPECT_EQ(file.tensors[1].name, "empty");
  EXPECT_EQ(file.tensors[2].bytes.size(), 8U);
  EXPECT_EQ(file.metadata.at("step"), "12");
}

TEST(Safetensors, data_begin_at_a_multiple_of_eight) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1};
  for (const std::string name : {"a", "ab", "abc", "abcdefgh"}) {
    write_safetensors(folder / "w.safetensors", {{name, "F32", {1}, bytes_of(values)}}, {});
    std::uint64_t header = 0;
    const std::vector<std::byte> file = read_bytes(folder / "w.safetensors");
    std::memcpy(&header, file.data(), sizeof header);
    EXPECT_EQ(header % 8, 0U);
    EXPECT_EQ(file.size(), 8 + header + 4);
  }
}

TEST(Safetensors, the_same_tensors_give_the_same_bytes) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  write_safetensors(folder / "a", {{"x", "F32", {2}, bytes_of(values)}}, {{"k", "v"}});
  write_safetensors(folder / "b", {{"x", "F32", {2}, bytes_of(values)}}, {{"k", "v"}});
  EXPECT_EQ(read_bytes(folder / "a"), read_bytes(folder / "b"));
}

// The format says nothing of the order of header entries; an empty tensor has no place of its own.
TEST(Safetensors, an_empty_tensor_may_stand_anywhere_in_the_header) {
  const TemporaryFolder folder;
  write_raw(
      folder / "w.safetensors",
      R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
      2);
  EXPECT_EQ(read_safetensors(folder / "w.safetensors").tensors.size(), 2U);
}

TEST(Safetensors, writing_a_tensor_whose_bytes_do_not_fit_its_shape_is_refused) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  const auto write = [&](const std::vector<SafeTensor>& tensors) {
    return error_of([&] { write_safetensors(folder / "w.safetensors", tensors, {}); });
  };
  expect_in("not what its shape needs", write({{"x", "F32", {3}, bytes_of(values)}}));
  expect_in("unknown type F33", write({{"x", "F33", {2}, bytes_of(values)}}));
  expect_in("two tensors named x",
            write({{"x", "F32", {2}, bytes_of(values)}, {"x", "F32", {2}, bytes_of(values)}}));
  EXPECT_FALSE(std::filesystem::exists(folder / "w.safetensors"));
}

TEST(Safetensors, a_gap_between_tensors_is_refused) {
  expect_in(
      "gap",
      refusal(
          R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
          5));
  expect_in("gap", refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3));
}

TEST(Safetensors, an_overlap_is_refused) {
  expect_in(
      "overlaps",
      refusal(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
          4));
}

TEST(Safetensors, bytes_that_belong_to_no_tensor_are_refused) {
  expect_in("belong to no tensor", refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 3));
}

TEST(Safetensors, an_oversized_header_is_refused_without_reading_it) {
  expect_in("header would be 18446744073709551615 bytes long", refusal("{}", 0, ~std::uint64_t{0}));
  expect_in("header would be 100000001 bytes long", refusal("{}", 0, 100'000'001));
  expect_in("header would be 3 bytes long", refusal("{}", 0, 3));
}

TEST(Safetensors, a_short_file_is_refused) {
  const TemporaryFolder folder;
  std::ofstream(folder / "short") << "1234567";
  expect_in("too short", error_of([&] { read_safetensors(folder / "short"); }));
  expect_in("larger than the file", refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7));
  expect_in("is given 2..9 of 8", refusal(R"({"a":{"dtype":"U8","shape":[7],"data_offsets":[2,9]}})", 8));
}

TEST(Safetensors, shapes_that_do_not_fit_are_refused) {
  expect_in("needs 8 bytes but is given 0..4",
            refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 9));
  expect_in("larger than the file",
            refusal(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4));
  for (const char* extent :
       {"-1", "1.0", "true", "\"1\"", "[1]", "1e300", "99999999999999999999", "9292337203685477580"})
    expect_in(
        "where a whole number is expected",
        refusal(fmt::format(R"({{"a":{{"dtype":"F32","shape":[{}],"data_offsets":[0,4]}}}})", extent), 4));
  for (const char* shape : {"3", "{}", "null"})
    expect_in("where a list of whole numbers is expected",
              refusal(fmt::format(R"({{"a":{{"dtype":"F32","shape":{},"data_offsets":[0,4]}}}})", shape), 4));
  expect_in("has array where a whole number",
            refusal(R"({"a":{"dtype":"F32","shape":[)" + std::string(300'000, '[') +
                        std::string(300'000, ']') + R"(],"data_offsets":[0,4]}})",
                    4));
  expect_in("has 1 data_offsets, not 2",
            refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}})", 4));
  expect_in("needs 4 bytes but is given 4..0",
            refusal(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[4,0]}})", 4));
}

TEST(Safetensors, an_extent_or_offset_that_is_no_whole_number_is_refused) {
  for (const char* number : {"1e300", "2.0", "true", "36893488147419103232", "\"2\""}) {
    expect_in(
        "a whole number",
        refusal(fmt::format(R"({{"a":{{"dtype":"U8","shape":[{}],"data_offsets":[0,2]}}}})", number), 2));
    expect_in(
        "a whole number",
        refusal(fmt::format(R"({{"a":{{"dtype":"U8","shape":[2],"data_offsets":[0,{}]}}}})", number), 2));
  }
  expect_in("3 data_offsets", refusal(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}})", 2));
}

// Compared with each other one by one, these names would take minutes.
TEST(Safetensors, a_header_of_very_many_tensors_is_read_at_once) {
  std::string header = "{";
  for (int i = 0; i < 200'000; ++i)
    header +=
        fmt::format(R"({}"t{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i > 0 ? "," : "", i);
  header += "}";
  std::string file(sizeof(std::uint64_t), '\0');
  const std::uint64_t size = header.size();
  std::memcpy(file.data(), &size, sizeof size);
  file += header;
  const auto bytes = std::as_bytes(std::span(file));
  EXPECT_EQ(parse_safetensors({bytes.begin(), bytes.end()}, "many").tensors.size(), 200'000U);
}

TEST(Safetensors, a_malformed_header_is_refused) {
  expect_in("not a JSON object", refusal("[1]", 0));
  expect_in("not a JSON object", refusal("{\"a\":", 0));
  expect_in("malformed", refusal(R"({"a":{"dtype":"F32","shape":[1]}})", 4));
  expect_in("malformed", refusal(R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})", 4));
  expect_in("malformed", refusal(R"({"__metadata__":{"a":1}})", 0));
  expect_in("unknown type F8_E9M9",
            refusal(R"({"a":{"dtype":"F8_E9M9","shape":[1],"data_offsets":[0,1]}})", 1));
}

}  // namespace
}  // namespace mofi
