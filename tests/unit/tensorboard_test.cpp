#include "storage/tensorboard.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <limits>

#include "core/files.h"
#include "refusal.h"
#include "storage/tensorboard_text.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const std::string kVersionRecord =
    tensorboard_record(bytes({0x1A, 13}) + "brain.Event:2");  // field 3, of 13 bytes

TensorboardFile parsed(const std::string& contents) {
  return parse_tensorboard(std::as_bytes(std::span(contents)), "f");
}
std::string refusal(const std::string& contents) {
  return refusal_of([&] { parsed(contents); });
}

std::vector<Scalar> two_epochs() {
  return {{"train/loss", 1, 1.25, 1'700'000'000.5},
          {"valid/accuracy", 1, 0.5, 1'700'000'000.75},
          {"train/loss", 2, 0.75, 1'700'000'060.5}};
}

// By hand: 26 bytes; field 1 (fixed64) the double 1.0; field 2 (varint) 1; field 5 of 13 bytes holds field 1
// of 11 bytes, which holds field 1 of 4 bytes, the tag, and field 2 (fixed32), the float 0.5. The checksums
// are those of a CRC-32C computed bit by bit, elsewhere.
TEST(Tensorboard, a_record_is_byte_for_byte_what_the_specification_makes_of_it) {
  const std::string event =
      bytes({0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 1, 0x2A, 13, 0x0A, 11, 0x0A, 4}) + "loss" +
      bytes({0x15, 0, 0, 0, 0x3F});
  EXPECT_EQ(event.size(), 26U);
  EXPECT_EQ(tensorboard_event({"loss", 1, 0.5, 1.0}), event);
  EXPECT_EQ(tensorboard_record(event), bytes({26, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x9B, 0xD8, 0x2D}) + event +
                                           bytes({0x27, 0xF9, 0x5D, 0xB1}));
}

// RFC 3720, appendix B.4, gives the CRC-32C of 32 bytes of 0, of 255, and of 0 to 31.
TEST(Tensorboard, checksums_are_those_of_the_examples_of_iscsi_with_the_mask_of_tfrecords) {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  for (const auto& [data, crc] : {std::pair<std::string, std::uint32_t>{std::string(32, '\0'), 0x8A9136AAU},
                                  {std::string(32, '\xFF'), 0x62A8AB43U},
                                  {rising, 0x46DD794EU}}) {
    const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
    const std::string record = tensorboard_record(data);
    EXPECT_EQ(record.substr(record.size() - 4),
              bytes({static_cast<int>(masked & 255), static_cast<int>(masked >> 8 & 255),
                     static_cast<int>(masked >> 16 & 255), static_cast<int>(masked >> 24)}));
  }
}

TEST(Tensorboard, scalars_are_read_as_they_were_written) {
  const TemporaryFolder folder;
  std::vector<Scalar> scalars = two_epochs();
  scalars.push_back({"größe", -3, -0.0, 0});
  scalars.push_back({std::string(300, 't'), std::numeric_limits<std::int64_t>::max(), 1e300, -1});
  scalars.push_back({"z", std::numeric_limits<std::int64_t>::min(), 0, 1e-300});
  std::filesystem::path path;
  {
    TensorboardWriter writer(folder / "made/on/the/way");
    path = writer.path();
    for (const Scalar& scalar : scalars) writer.add(scalar);
    writer.add({"nan", 1, std::nan(""), 1});
  }
  const TensorboardFile file = read_tensorboard_file(path);
  EXPECT_EQ(file.version, "brain.Event:2");
  EXPECT_EQ(file.others, 0U);
  EXPECT_EQ(file.cut_bytes, 0U);
  scalars[4].value = std::numeric_limits<double>::infinity();  // beyond float32
  ASSERT_EQ(file.scalars.size(), scalars.size() + 1);
  EXPECT_TRUE(std::isnan(file.scalars.back().value));
  std::vector<Scalar> read = read_tensorboard(path);
  read.pop_back();
  EXPECT_EQ(read, scalars);
}

TEST(Tensorboard, a_file_is_named_as_tensorboard_finds_it_and_never_one_that_is_there) {
  const TemporaryFolder folder;
  const TensorboardWriter first(folder.path()), second(folder.path()), third(folder.path());
  for (const auto* writer : {&first, &second, &third})
    EXPECT_THAT(writer->path().filename().string(), MatchesRegex("events[.]out[.]tfevents[.][0-9]+[.].+[.]" +
                                                                 std::to_string(getpid()) + "[.]mofi"));
  EXPECT_NE(first.path(), second.path());
  EXPECT_NE(second.path(), third.path());
  const TensorboardFile file = read_tensorboard_file(second.path());
  EXPECT_EQ(file.version, "brain.Event:2") << "at once, before anything is added";
  EXPECT_TRUE(file.scalars.empty());
}

TEST(Tensorboard, what_was_flushed_is_there_for_others_while_the_writer_goes_on_and_after_it_is_killed) {
  const TemporaryFolder folder;
  TensorboardWriter writer(folder.path());
  for (const Scalar& scalar : two_epochs()) writer.add(scalar);
  EXPECT_TRUE(read_tensorboard(writer.path()).empty());
  writer.flush();
  EXPECT_EQ(read_tensorboard(writer.path()), two_epochs());

  const pid_t child = fork();
  if (child == 0) {
    TensorboardWriter killed(folder / "child");
    killed.add(two_epochs()[0]);
    killed.flush();
    killed.add(two_epochs()[1]);
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  const auto left = std::filesystem::directory_iterator(folder / "child")->path();
  EXPECT_THAT(read_tensorboard(left), ElementsAre(two_epochs()[0]));
}

TEST(Tensorboard, many_scalars_are_written_without_a_flush) {
  const TemporaryFolder folder;
  TensorboardWriter writer(folder.path());
  for (std::int64_t step = 0; step < 5000; ++step) writer.add({"train/loss", step, 1, 1});
  EXPECT_GT(read_tensorboard(writer.path()).size(), 1000U);
}

TEST(Tensorboard, names_that_are_none_and_folders_that_cannot_be_written_are_told) {
  const TemporaryFolder folder;
  TensorboardWriter writer(folder / "a");
  EXPECT_THAT(refusal_of(
                  [&] {
                    writer.add({"", 1, 1, 1});
                  },
                  ExitCode::kInternal),
              HasSubstr("'' is no name"));
  EXPECT_THAT(refusal_of(
                  [&] {
                    writer.add({"caf\xE9", 1, 1, 1});
                  },
                  ExitCode::kInternal),
              HasSubstr("'caf\\xe9' is no name"));
  folder.write("file", "");
  EXPECT_THAT(refusal_of([&] { TensorboardWriter(folder / "file/b"); }, ExitCode::kMissing),
              HasSubstr("the folder for TensorBoard's events cannot be made: Not a directory"));
}

TEST(Tensorboard, only_files_of_this_writer_are_removed) {
  const TemporaryFolder folder;
  const TensorboardWriter writer(folder.path());
  const auto foreign = folder.write("events.out.tfevents.1.host.2.0", "of PyTorch"),
             other = folder.write("a.mofi", "");
  remove_tensorboard_files(folder.path());
  EXPECT_FALSE(std::filesystem::exists(writer.path()));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_TRUE(std::filesystem::exists(other));
  remove_tensorboard_files(folder / "absent");
}

TEST(Tensorboard, at_whatever_byte_a_file_ends_all_whole_records_are_read_and_the_rest_is_counted) {
  std::string whole = kVersionRecord;
  std::vector<std::size_t> ends = {0, whole.size()};
  for (const Scalar& scalar : two_epochs()) {
    whole += tensorboard_record(tensorboard_event(scalar));
    ends.push_back(whole.size());
  }
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::size_t records = 0;
    while (records + 1 < ends.size() && ends[records + 1] <= size) ++records;
    const TensorboardFile file = parsed(whole.substr(0, size));
    EXPECT_EQ(file.scalars.size(), records > 0 ? records - 1 : 0) << size;
    EXPECT_EQ(file.cut_bytes, size - ends[records]) << size;
    EXPECT_EQ(file.version.empty(), records == 0) << size;
  }
}

TEST(Tensorboard, any_flipped_bit_is_refused) {
  const std::string whole = kVersionRecord + tensorboard_record(tensorboard_event(two_epochs()[0]));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int bit : {0, 3, 7}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      EXPECT_THAT(refusal(damaged), HasSubstr("is damaged: its checksum should be ")) << at;
    }
  std::string damaged = whole;
  damaged[kVersionRecord.size() + 20] ^= 1;
  EXPECT_THAT(refusal(damaged),
              MatchesRegex("f: byte " + std::to_string(kVersionRecord.size()) +
                           ": a record is damaged: its checksum should be [0-9a-f]+ and is .*"));
}

TEST(Tensorboard, a_whole_record_that_is_no_event_is_refused_with_its_byte) {
  const auto refused = [](const std::string& event) {
    return refusal(kVersionRecord + tensorboard_record(event));
  };
  const std::string begin = "f: byte " + std::to_string(kVersionRecord.size() + 12) + ": ";
  EXPECT_THAT(refused(bytes({0x02, 0})), HasSubstr(begin + "expected the number of a field"));
  EXPECT_THAT(refused(bytes({0x0B})),
              HasSubstr(begin + "expected a varint, fixed64, fixed32 or delimited field"));
  EXPECT_THAT(refused(bytes({0x2A, 5, 0})),
              HasSubstr(begin + "expected a field that ends inside its message"));
  EXPECT_THAT(refused(bytes({0x10, 0x80})), HasSubstr("expected a whole number of 64 bits"));
  EXPECT_THAT(refused("\x10" + std::string(9, '\xFF') + "\x02"),
              HasSubstr("expected a whole number of 64 bits"));
  EXPECT_THAT(refused(bytes({0x09, 1, 2})), HasSubstr("expected a number of 4 or 8 bytes"));
  EXPECT_THAT(refused(bytes({0x2A, 5, 0x0A, 3, 0x0A, 1, 0xE9})),
              HasSubstr("expected a text in UTF-8, found '\\xe9'"));
  EXPECT_THAT(refusal(tensorboard_record("")), HasSubstr("expected the version brain.Event:2"));
  EXPECT_THAT(refusal(tensorboard_record(bytes({0x1A, 13}) + "brain.Event:3")),
              HasSubstr("found 'brain.Event:3'"));
}

TEST(Tensorboard, fields_in_any_order_and_fields_of_others_are_read_as_protocol_buffers_have_it) {
  // a summary of two scalars and an image (field 4) before the step and the time; a field 15 of each encoding
  const std::string values = bytes({0x0A, 8, 0x15, 0, 0, 0x80, 0x3F, 0x0A, 1}) + "a" +
                             bytes({0x0A, 7, 0x0A, 0, 0x15, 0, 0, 0, 0x40}) + bytes({0x0A, 5, 0x0A, 1}) +
                             "i" + bytes({0x22, 0});
  const std::string event = bytes({0x2A, static_cast<int>(values.size())}) + values +
                            bytes({0x78, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7A, 1, 9, 0x7D, 1, 2, 3, 4}) +
                            bytes({0x10, 5, 0x10, 7, 0x09, 0, 0, 0, 0, 0, 0, 0, 0x40});
  const TensorboardFile file =
      parsed(kVersionRecord + tensorboard_record(event) + tensorboard_record(bytes({0x22, 0})));
  EXPECT_THAT(file.scalars, ElementsAre(Scalar{"a", 7, 1, 2}, Scalar{"", 7, 2, 2}));
  EXPECT_EQ(file.others, 2U) << "the image, and the event with a graph";
}

TEST(Tensorboard, a_file_is_told_in_words) {
  TensorboardFile file{"brain.Event:2", two_epochs(), 0, 0};
  file.scalars.push_back({"train/loss", 3, std::nan(""), 1'700'000'120.5});
  const std::string text = text_of(file);
  EXPECT_THAT(text,
              AllOf(HasSubstr("Events for TensorBoard\n"), HasSubstr("  size     4 scalars of 2 tags\n"),
                    HasSubstr("  time     2023-11-14T22:13:20Z to 2023-11-14T22:15:20Z (2 min 00 s)\n")));
  EXPECT_THAT(text, HasSubstr("\n  tag             scalars   steps  least  greatest  last\n"
                              "  train/loss            3  1 to 3   0.75      1.25   nan\n"
                              "  valid/accuracy        1       1    0.5       0.5   0.5\n"
                              "  caution: 1 scalar is not finite\n"));
  EXPECT_THAT(text_of(file, 1), HasSubstr("  … and 1 more\n"));
  file = {"", {}, 2, 7};
  EXPECT_THAT(text_of(file), AllOf(HasSubstr("none: the file ends inside its first record"),
                                   HasSubstr("2 events or values that are no scalars"),
                                   HasSubstr("7 bytes of a record that the end of the file cuts off")));
  file = {"brain.Event:2", {{"a", 1, 1, 1e300}, {"a", 2, 1, -5}}, 0, 0};
  EXPECT_THAT(text_of(file), HasSubstr("-5 s since 1970 to 1e+300 s since 1970 (unknown time)"));
}

}  // namespace
}  // namespace mofi
