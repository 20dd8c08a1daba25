#include "storage/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/files.h"
#include "core/random.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A file of this header text, taken as it is, and these data.
std::string file_of(const std::string& header, const std::string& data, char major = 1) {
  std::string file = "\x93NUMPY";
  file += {major, 0};
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  for (std::size_t i = 0; i < length_bytes; ++i) file += static_cast<char>(header.size() >> (8 * i) & 255);
  return file + header + data;
}

std::string header_of(const std::string& type, const std::string& shape,
                      const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }   \n";
}

template <class T>
std::string data_of(std::initializer_list<T> values) {
  std::string data;
  for (const T value : values) data.append(reinterpret_cast<const char*>(&value), sizeof value);
  return data;
}

/// The array, and the bytes that it views: exactly the file's, on the heap, so that the sanitizer sees a read
/// past their end.
struct Parsed {
  std::vector<char> bytes;
  NpyArray array;
};
Parsed parse(const std::string& file) {
  Parsed parsed{{file.begin(), file.end()}, {}};
  parsed.array = parse_npy(std::as_bytes(std::span(parsed.bytes)), "x.npy");
  return parsed;
}

std::string refusal(const std::string& file) {
  return refusal_of([&] { parse(file); });
}
std::string refusal_of_header(const std::string& header, const std::string& data = std::string(16, 'x')) {
  return refusal(file_of(header, data));
}

TEST(Npy, every_integer_type_gives_its_numbers) {
  const auto integers = [](const std::string& type, const std::string& data) {
    return integers_of(parse(file_of(header_of(type, "(2,)"), data)).array, "x.npy");
  };
  EXPECT_THAT(integers("|i1", data_of<std::int8_t>({-128, 127})), ElementsAre(-128, 127));
  EXPECT_THAT(integers("<i2", data_of<std::int16_t>({-32768, 1})), ElementsAre(-32768, 1));
  EXPECT_THAT(integers("<i4", data_of<std::int32_t>({-5, 7})), ElementsAre(-5, 7));
  EXPECT_THAT(integers("<i8", data_of<std::int64_t>({INT64_MIN, INT64_MAX})),
              ElementsAre(INT64_MIN, INT64_MAX));
  EXPECT_THAT(integers("|u1", data_of<std::uint8_t>({0, 255})), ElementsAre(0, 255));
  EXPECT_THAT(integers("<u2", data_of<std::uint16_t>({0, 65535})), ElementsAre(0, 65535));
  EXPECT_THAT(integers("<u4", data_of<std::uint32_t>({1, UINT32_MAX})), ElementsAre(1, UINT32_MAX));
  EXPECT_THAT(integers("<u8", data_of<std::uint64_t>({1, INT64_MAX})), ElementsAre(1, INT64_MAX));
  EXPECT_THAT(refusal_of([&] {
                integers("<u8", data_of<std::uint64_t>({1, UINT64_MAX}));
              }),
              HasSubstr("x.npy: holds the number 18446744073709551615"));
  EXPECT_THAT(refusal_of([&] {
                integers("<f4", data_of<float>({1, 2}));
              }),
              HasSubstr("x.npy: holds elements of type f4; expected whole numbers"));
}

TEST(Npy, every_type_gives_numbers) {
  const auto numbers = [](const std::string& type, const std::string& data) {
    return numbers_of(parse(file_of(header_of(type, "(2,)"), data)).array);
  };
  EXPECT_THAT(numbers("<f4", data_of<float>({0.5F, -3})), ElementsAre(0.5, -3));
  EXPECT_THAT(numbers("<f8", data_of<double>({0.1, -1e300})), ElementsAre(0.1, -1e300));
  EXPECT_THAT(numbers("|b1", data_of<char>({0, 1})), ElementsAre(0, 1));
  EXPECT_THAT(numbers("<i2", data_of<std::int16_t>({-2, 3})), ElementsAre(-2, 3));
  // Half precision: one, the largest, the smallest normal and subnormal, infinity.
  EXPECT_THAT(numbers("<f2", data_of<std::uint16_t>({0x3C00, 0x7BFF})), ElementsAre(1, 65504));
  EXPECT_THAT(numbers("<f2", data_of<std::uint16_t>({0x0400, 0x8001})), ElementsAre(0x1p-14, -0x1p-24));
  EXPECT_THAT(numbers("<f2", data_of<std::uint16_t>({0xFC00, 0})), ElementsAre(-INFINITY, 0));
  EXPECT_TRUE(std::isnan(numbers("<f2", data_of<std::uint16_t>({0x7C01, 0}))[0]));
}

TEST(Npy, headers_of_all_versions_are_read) {
  for (const char major : {1, 2, 3})
    EXPECT_THAT(
        integers_of(parse(file_of(header_of("<i2", "(2,)"), data_of<std::int16_t>({4, 5}), major)).array, ""),
        ElementsAre(4, 5))
        << static_cast<int>(major);
}

TEST(Npy, shapes_of_any_number_of_dimensions_are_read) {
  const auto shape = [](const std::string& text, std::size_t bytes) {
    return parse(file_of(header_of("|u1", text), std::string(bytes, 'x'))).array.shape;
  };
  EXPECT_THAT(shape("()", 1), ElementsAre());
  EXPECT_THAT(shape("(5,)", 5), ElementsAre(5));
  EXPECT_THAT(shape("(2, 3)", 6), ElementsAre(2, 3));
  EXPECT_THAT(shape("(2,3,)", 6), ElementsAre(2, 3));
  EXPECT_THAT(shape("( 2 , 3 , 4 )", 24), ElementsAre(2, 3, 4));
  EXPECT_THAT(shape("(0, 512, 4)", 0), ElementsAre(0, 512, 4));
  EXPECT_THAT(shape("(2L, 3L)", 6), ElementsAre(2, 3)) << "as Python 2 wrote them";
}

TEST(Npy, keys_may_come_in_any_order_and_without_the_last_comma) {
  EXPECT_THAT(parse(file_of("{\"shape\":(2,),'fortran_order':False , 'descr':\"|u1\"}", "ab")).array.shape,
              ElementsAre(2));
}

TEST(Npy, what_is_no_array_is_refused_in_one_sentence) {
  EXPECT_EQ(refusal(""), "x.npy: is no NumPy array: it begins with '' and not with \\x93NUMPY");
  EXPECT_THAT(refusal("\x89HDF\r\n"), HasSubstr("it begins with '\\x89HDF\\x0d\\x0a'"));
  EXPECT_THAT(refusal("\x93NUMPY"), HasSubstr("ends before the version"));
  EXPECT_THAT(refusal("\x93NUMPY\x01"), HasSubstr("ends before the version"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\x01\x00\x76", 9)),
              HasSubstr("ends before the length of its header"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\x04\x00", 8)),
              HasSubstr("format version 4.0; expected 1.0, 2.0 or 3.0"));
  EXPECT_THAT(refusal("\x93NUMPY\x01\x01"), HasSubstr("format version 1.1"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{}", 14)),
              HasSubstr("its header would be 4294967295 bytes long; 2 are left of the file"));
}

TEST(Npy, types_that_are_not_read_are_refused_with_what_to_do) {
  EXPECT_THAT(refusal_of_header(header_of("|O", "(2,)")), HasSubstr("holds pickled Python objects"));
  EXPECT_THAT(refusal_of_header(header_of(">i8", "(2,)")),
              HasSubstr("holds big-endian elements ('>i8'); expected little-endian: save X.astype('<i8')"));
  EXPECT_THAT(refusal_of_header(header_of("<c8", "(2,)")),
              HasSubstr("holds elements of type '<c8'; expected b1, "));
  for (const char* type : {"<U3", "|S8", "<M8[ns]", "=i8", "i8", "<i3", "<i16", "<", "", "<f16", "<b8"})
    EXPECT_THAT(refusal_of_header(header_of(type, "(2,)")), HasSubstr("holds elements of type '")) << type;
  EXPECT_THAT(refusal_of_header(header_of("|i8", "(2,)")), HasSubstr("says no byte order"));
  EXPECT_THAT(refusal_of_header("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }"),
              HasSubstr("holds structures of several fields"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(1, 2)", "True")),
              HasSubstr("is stored in Fortran order; expected C order: save numpy.ascontiguousarray(X)"));
}

TEST(Npy, a_header_that_numpy_would_not_write_is_refused_with_its_byte) {
  EXPECT_THAT(refusal_of_header(""),
              HasSubstr("byte 10: expected the dictionary of the header, found the end"));
  EXPECT_THAT(refusal_of_header("[1]"),
              HasSubstr("byte 10: expected the dictionary of the header, found '[1]'"));
  EXPECT_THAT(refusal_of_header("{descr"), HasSubstr("byte 11: expected a key of the header, found 'descr'"));
  EXPECT_THAT(refusal_of_header("{'descr"), HasSubstr("expected a text that ends"));
  EXPECT_THAT(refusal_of_header("{'descr' '<i8'"), HasSubstr("expected ':' after a key, found ''<i8''"));
  EXPECT_THAT(refusal_of_header("{'descr': eval('')"),
              HasSubstr("expected the element type as a text, found 'eval"));
  EXPECT_THAT(refusal_of_header("{'fortran_order': 1"), HasSubstr("expected True or False, found '1'"));
  EXPECT_THAT(refusal_of_header("{'shape': 5"),
              HasSubstr("expected a shape, such as (924, 512, 4), found '5'"));
  EXPECT_THAT(refusal_of_header("{'shape': (5)"),
              HasSubstr("its shape is the number (5); expected a tuple, such as (5,)"));
  EXPECT_THAT(refusal_of_header("{'shape': (-1,)"),
              HasSubstr("expected a whole number in the shape, found '-1,)'"));
  EXPECT_THAT(refusal_of_header("{'shape': (1 2)"),
              HasSubstr("expected ',' or ')' in the shape, found '2)'"));
  EXPECT_THAT(refusal_of_header("{'shape': (,)"), HasSubstr("expected a whole number in the shape"));
  EXPECT_THAT(refusal_of_header("{'shape': (2,,)"), HasSubstr("expected a whole number in the shape"));
  EXPECT_THAT(refusal_of_header("{'shape': (2, "),
              HasSubstr("expected a whole number in the shape, found the end"));
  EXPECT_THAT(refusal_of_header("{'x': 1}"),
              HasSubstr("has the key 'x'; expected descr, fortran_order and shape"));
  EXPECT_THAT(refusal_of_header("{'shape': (2,), 'shape': (2,)}"),
              HasSubstr("has the key 'shape'; expected descr"));
  EXPECT_THAT(refusal_of_header("{'shape': (2,) 'descr'"), HasSubstr("expected ',' or '}' after a value"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(2,)") + "x"),
              HasSubstr("expected nothing after the dictionary"));
  EXPECT_THAT(refusal_of_header("{}"), HasSubstr("its header lacks the key descr"));
  EXPECT_THAT(refusal_of_header("{'descr': '<i8', 'shape': (2,)}"), HasSubstr("lacks the key fortran_order"));
  EXPECT_THAT(refusal_of_header("{'descr': '<i8', 'fortran_order': False}"),
              HasSubstr("lacks the key shape"));
}

TEST(Npy, data_that_are_not_as_many_as_the_shape_needs_are_refused) {
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(3,)")),
              HasSubstr("holds 16 bytes of data; its shape (3,) of i8 needs 24"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "()")), HasSubstr("its shape () of i8 needs 8"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(0, 7)")), HasSubstr("its shape (0, 7) of i8 needs 0"));
}

TEST(Npy, shapes_whose_product_overflows_are_refused) {
  // 2^62 elements of 8 bytes; 2^32 squared; and 16 bytes only modulo 2^64.
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(4611686018427387904,)")),
              HasSubstr("which no file can hold"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(4294967296, 4294967296)")),
              HasSubstr("which no file can hold"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(2305843009213693954,)")),
              HasSubstr("which no file can hold"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(0, 4294967296, 4294967296)"), ""),
              HasSubstr("which no file can hold"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(9223372036854775808,)")), HasSubstr("is above 2^63 - 1"));
  EXPECT_THAT(refusal_of_header(header_of("<i8", "(" + std::string(400, '9') + ",)")),
              HasSubstr("is above 2^63 - 1"));
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(refusal_of_header(header_of("<i8", many + ")"), "12345678"),
              HasSubstr("more than 64 dimensions"));
}

TEST(Npy, what_was_written_is_read_back) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> values = {1, -2, 3, INT64_MIN, INT64_MAX, 0};
  for (const std::vector<std::uint64_t>& shape :
       {std::vector<std::uint64_t>{6}, std::vector<std::uint64_t>{1, 2, 3},
        std::vector<std::uint64_t>{6, 1, 1, 1, 1}}) {
    write_npy(folder / "x.npy", shape, values);
    const NpyFile file = read_npy(folder / "x.npy");
    EXPECT_EQ(file.array.shape, shape);
    EXPECT_EQ(integers_of(file.array, "x.npy"), values);
    EXPECT_EQ((file.contents.size() - file.array.data.size()) % 64, 0U) << "data begin at a multiple of 64";
  }
  write_npy(folder / "none.npy", std::vector<std::uint64_t>{0, 512, 4}, {});
  EXPECT_EQ(read_npy(folder / "none.npy").array.size(), 0U);
}

TEST(Npy, the_header_is_that_of_the_published_arrays) {
  const TemporaryFolder folder;
  write_npy(folder / "x.npy", std::vector<std::uint64_t>{1, 1, 4}, std::vector<std::int64_t>{1, 2, 3, 4});
  const std::string file = read_text(folder / "x.npy");
  const std::string text = "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1, 4), }";
  EXPECT_EQ(file.size(), 128U + 32U);
  EXPECT_EQ(file.substr(0, 128),
            std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text + std::string(117 - text.size(), ' ') + "\n");
}

TEST(Npy, numbers_that_do_not_fill_the_shape_are_not_written) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      refusal_of(
          [&] {
            write_npy(folder / "x.npy", std::vector<std::uint64_t>{2, 2}, std::vector<std::int64_t>{1});
          },
          ExitCode::kInternal),
      HasSubstr("is given 1 numbers for the shape (2, 2)"));
  EXPECT_FALSE(std::filesystem::exists(folder / "x.npy"));
}

TEST(Npy, a_file_that_is_not_there_is_missing) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal_of([&] { read_npy(folder / "x.npy"); }, ExitCode::kMissing),
              HasSubstr("cannot be opened"));
}

TEST(Npy, cut_at_any_byte_a_file_is_refused_in_one_sentence) {
  const std::string file = file_of(header_of("<i8", "(2, 1)"), data_of<std::int64_t>({1, 2}));
  parse(file);
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_THAT(refusal(file.substr(0, size)), StartsWith("x.npy: ")) << size;
}

TEST(Npy, with_any_bytes_changed_a_file_gives_numbers_or_one_sentence) {
  const std::string file = file_of(header_of("<i2", "(20, 3)"), std::string(120, 'x'));
  RandomStream draws(1, "mutations");
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string mutated = file;
    for (int i = draws.between(1, 4); i > 0; --i)
      mutated[draws.below(static_cast<std::uint32_t>(mutated.size()))] = static_cast<char>(draws.below(256));
    try {
      const Parsed parsed = parse(mutated);
      ASSERT_EQ(numbers_of(parsed.array).size(), parsed.array.size());
      if (parsed.array.is_integer()) {
        ASSERT_EQ(integers_of(parsed.array, "x.npy").size(), parsed.array.size());
      }
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ExitCode::kData);
    }
  }
  EXPECT_GT(read, 1'000) << "mutations of the data alone leave an array";
}

}  // namespace
}  // namespace mofi
