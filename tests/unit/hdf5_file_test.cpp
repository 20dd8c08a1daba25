#include "storage/hdf5_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "storage/artifact.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

void write_sample(const std::filesystem::path& path) {
  Hdf5Writer file(path);
  file.attribute("", "schema", std::string("mofi-sample/1"));
  file.write<std::uint8_t>("words", std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}, {2, 3});
  file.write("pieces/label", std::vector<std::int32_t>{-1, 0, 3});
  file.write_strings("pieces/id", {"Q1_a.mid", "", "Q2_ü.mid"});
  file.attribute("words", "sizes", std::vector<std::int64_t>{4, 18});
  file.attribute("words", "columns", std::vector<std::string>{"Bar", "Position"});
  file.commit();
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  return names;
}

TEST(Hdf5File, reads_back_what_was_written) {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const Hdf5Reader file(folder / "sample.h5");
  const Array<std::uint8_t> words = file.read_array<std::uint8_t>("words", 2);
  EXPECT_EQ(words.shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(words.values, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file.read<std::int32_t>("pieces/label"), (std::vector<std::int32_t>{-1, 0, 3}));
  EXPECT_EQ(file.read_strings("pieces/id", 3), (std::vector<std::string>{"Q1_a.mid", "", "Q2_ü.mid"}));
  EXPECT_EQ(file.text_attribute("", "schema"), "mofi-sample/1");
  EXPECT_EQ(file.integer_attribute("words", "sizes"), (std::vector<std::int64_t>{4, 18}));
  EXPECT_EQ(file.texts_attribute("words", "columns"), (std::vector<std::string>{"Bar", "Position"}));
}

TEST(Hdf5File, says_what_it_has) {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const Hdf5Reader file(folder / "sample.h5");
  EXPECT_TRUE(file.has("words"));
  EXPECT_TRUE(file.has("pieces/label"));
  EXPECT_FALSE(file.has("pieces/mode"));
  EXPECT_FALSE(file.has("nothing/at/all"));
  EXPECT_TRUE(file.has_attribute("", "schema"));
  EXPECT_TRUE(file.has_attribute("words", "sizes"));
  EXPECT_FALSE(file.has_attribute("words", "schema"));
  EXPECT_FALSE(file.has_attribute("nothing", "schema"));
}

TEST(Hdf5File, empty_datasets_and_texts_survive) {
  const TemporaryFolder folder;
  {
    Hdf5Writer file(folder / "empty.h5");
    file.write("none", std::vector<float>{});
    file.write_strings("texts", {});
    file.write<float>("rows", std::vector<float>{}, {0, 4});
    file.attribute("", "producer", std::string());
    file.commit();
  }
  const Hdf5Reader file(folder / "empty.h5");
  EXPECT_TRUE(file.read<float>("none", 0).empty());
  EXPECT_TRUE(file.read_strings("texts", 0).empty());
  EXPECT_EQ(file.read_array<float>("rows", 2).shape, (std::vector<std::uint64_t>{0, 4}));
  EXPECT_EQ(file.text_attribute("", "producer"), "");
}

TEST(Hdf5File, large_datasets_span_many_chunks) {
  const TemporaryFolder folder;
  std::vector<std::int32_t> values(1'000'003);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * 7);
  Hdf5Writer file(folder / "large.h5");
  file.write("values", values);
  file.commit();
  EXPECT_EQ(Hdf5Reader(folder / "large.h5").read<std::int32_t>("values", values.size()), values);
}

TEST(Hdf5File, errors_name_the_file_and_the_dataset) {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const Hdf5Reader file(folder / "sample.h5");
  const auto expect_named = [&](const std::string& sentence, const std::string& dataset,
                                const std::string& reason) {
    EXPECT_NE(sentence.find("sample.h5"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find(dataset), std::string::npos) << sentence;
    EXPECT_NE(sentence.find(reason), std::string::npos) << sentence;
  };
  expect_named(error_of([&] { file.read<float>("pieces/label"); }), "pieces/label", "another element type");
  expect_named(error_of([&] { file.read_array<std::uint8_t>("words", 3); }), "words",
               "2 dimensions; expected 3");
  expect_named(error_of([&] { file.read<std::int32_t>("pieces/label", 4); }), "pieces/label",
               "3 elements; expected 4");
  expect_named(error_of([&] { file.read<std::int32_t>("pieces/mode"); }), "pieces/mode", "cannot be read");
  expect_named(error_of([&] { file.read_strings("pieces/label"); }), "pieces/label", "texts");
  expect_named(error_of([&] { file.text_attribute("", "producer"); }), "producer", "cannot be read");
  expect_named(error_of([&] { file.text_attribute("words", "sizes"); }), "sizes", "text");
}

TEST(Hdf5File, what_is_no_hdf5_file_is_refused) {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.h5") << "not this";
  EXPECT_NE(error_of([&] { Hdf5Reader file(folder / "text.h5"); }).find("is not a readable HDF5 file"),
            std::string::npos);
  EXPECT_NE(error_of([&] { Hdf5Reader file(folder / "absent.h5"); }).find("no such file"), std::string::npos);
  EXPECT_NE(error_of([&] { Hdf5Reader file(folder.path()); }).find("is a folder"), std::string::npos);
}

TEST(Hdf5File, the_same_contents_give_the_same_bytes_at_another_time) {
  const TemporaryFolder folder;
  write_sample(folder / "first.h5");
  // HDF5 keeps times by the second: wait for the next one.
  for (const std::time_t start = std::time(nullptr); std::time(nullptr) == start;)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  write_sample(folder / "second.h5");
  EXPECT_EQ(read_bytes(folder / "first.h5"), read_bytes(folder / "second.h5"));
}

TEST(Hdf5File, a_flipped_byte_in_a_dataset_is_noticed) {
  const TemporaryFolder folder;
  std::vector<std::int32_t> values(2000, 0x12345678);
  Hdf5Writer writer(folder / "sample.h5");
  writer.write("values", values);
  writer.commit();
  std::vector<std::byte> bytes = read_bytes(folder / "sample.h5");
  const std::vector<std::byte> pattern = {std::byte{0x78}, std::byte{0x56}, std::byte{0x34}, std::byte{0x12}};
  const auto found = std::search(bytes.begin(), bytes.end(), pattern.begin(), pattern.end());
  ASSERT_NE(found, bytes.end());
  *found ^= std::byte{1};
  std::ofstream(folder / "sample.h5", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  const Hdf5Reader file(folder / "sample.h5");
  EXPECT_NE(error_of([&] { file.read<std::int32_t>("values"); }).find("cannot be read"), std::string::npos);
}

TEST(Hdf5File, an_exception_leaves_no_file_at_all) {
  const TemporaryFolder folder;
  const std::string sentence = error_of([&] {
    Hdf5Writer file(folder / "half.h5");
    file.write("values", std::vector<float>(100, 1.0F));
    fail(ExitCode::kInternal, "on purpose");
  });
  EXPECT_EQ(sentence, "on purpose");
  EXPECT_TRUE(files_in(folder.path()).empty());
}

TEST(Hdf5File, an_old_file_stays_until_the_new_one_is_whole) {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const std::vector<std::byte> before = read_bytes(folder / "sample.h5");
  {
    Hdf5Writer file(folder / "sample.h5");
    file.write("other", std::vector<float>(10, 1.0F));
  }
  EXPECT_EQ(read_bytes(folder / "sample.h5"), before);
  EXPECT_EQ(files_in(folder.path()).size(), 1U);
}

TEST(Hdf5File, a_shape_that_is_not_that_of_the_values_is_an_internal_error) {
  const TemporaryFolder folder;
  Hdf5Writer file(folder / "sample.h5");
  EXPECT_NE(error_of([&] {
              file.write<float>("x", std::vector<float>(5), {2, 3});
            }).find("5 values for a shape of 6"),
            std::string::npos);
}

TEST(Hdf5Artifact, a_header_is_read_back) {
  const TemporaryFolder folder;
  const ArtifactHeader header = {
      "mofi-sample/1", "abc", "def", "mofi test", {{"midi", "123"}, {"mode", "456"}}};
  {
    Hdf5Writer file(folder / "a.h5");
    write_header(file, header);
    file.commit();
  }
  const ArtifactHeader read = read_header(Hdf5Reader(folder / "a.h5"), "mofi-sample/1");
  EXPECT_EQ(read.content_sha256, header.content_sha256);
  EXPECT_EQ(read.config_sha256, header.config_sha256);
  EXPECT_EQ(read.producer, header.producer);
  EXPECT_EQ(read.inputs, header.inputs);
}

TEST(Hdf5Artifact, another_schema_is_refused_naming_both) {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const Hdf5Reader file(folder / "sample.h5");
  EXPECT_NE(error_of([&] {
              read_header(file, "mofi-sample/2");
            }).find("mofi-sample/1; expected a file of schema mofi-sample/2"),
            std::string::npos);
}

}  // namespace
}  // namespace mofi
