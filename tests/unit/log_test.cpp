#include "core/log.h"

#include <gmock/gmock.h>

#include <sstream>
#include <vector>

#include "core/files.h"
#include "refusal.h"
#include "standard_error.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

/// There is one log; each test begins and leaves it as a program finds it.
class LogTest : public testing::Test {
 protected:
  LogTest() { reset(); }
  ~LogTest() override { reset(); }
  static void reset() {
    log_to_folder({});
    set_log_rank(0);
    start_logging("info");
  }

  static std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::istringstream text(read_text(file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  /// The lines without their times, and without those by which a log begins.
  static std::vector<std::string> said_in(const std::filesystem::path& file) {
    std::vector<std::string> said;
    for (const std::string& line : lines_of(file))
      if (line.find(" begins here") == std::string::npos) said.push_back(line.substr(line.find(' ') + 1));
    return said;
  }
  static void say_one_of_each() {
    log_debug("d {}", 1);
    log_info("i {}", 2);
    log_warning("w {}", 3);
    log_error("e {}", 4);
  }

  const TemporaryFolder folder_;
};

TEST_F(LogTest, a_file_has_every_line_from_debug_on_with_time_level_and_rank_whatever_the_terminal_shows) {
  for (const std::string shown : {"debug", "info", "warning", "error", "off"}) {
    start_logging(shown);
    const auto folder = folder_ / shown;
    standard_error_of([&] {
      log_to_folder(folder);
      say_one_of_each();
    });
    EXPECT_THAT(said_in(folder / "rank_0.log"), ElementsAre("debug rank 0: d 1", "info rank 0: i 2",
                                                            "warning rank 0: w 3", "error rank 0: e 4"));
  }
  for (const std::string& line : lines_of(folder_ / "info/rank_0.log"))
    EXPECT_THAT(line, MatchesRegex("20..-..-..T..:..:..[.]...Z [a-z]+ rank 0: .*"));
}

TEST_F(LogTest, the_terminal_shows_of_the_root_what_it_showed_without_a_file) {
  const std::string before = standard_error_of(say_one_of_each);
  log_to_folder(folder_.path());
  EXPECT_EQ(standard_error_of(say_one_of_each), before);
  EXPECT_EQ(before, "info: i 2\nwarning: w 3\nerror: e 4\n");
}

TEST_F(LogTest, of_other_ranks_the_terminal_shows_warnings_and_errors_while_their_file_has_all) {
  set_log_rank(3);
  EXPECT_THAT(standard_error_of(say_one_of_each), HasSubstr("info: [rank 3] i 2\n"));
  start_logging("debug");
  log_to_folder(folder_.path());
  EXPECT_EQ(standard_error_of(say_one_of_each), "warning: [rank 3] w 3\nerror: [rank 3] e 4\n");
  EXPECT_THAT(said_in(folder_ / "rank_3.log"), ElementsAre("debug rank 3: d 1", "info rank 3: i 2",
                                                           "warning rank 3: w 3", "error rank 3: e 4"));
  start_logging("off");
  EXPECT_EQ(standard_error_of([] { log_error("last words"); }), "");
  EXPECT_EQ(said_in(folder_ / "rank_3.log").back(), "error rank 3: last words");
}

TEST_F(LogTest, lines_are_in_the_file_at_once_and_a_second_start_writes_behind_the_first) {
  const auto file = folder_ / "logs/rank_0.log";
  standard_error_of([&] {
    for (const char* text : {"first", "second"}) {
      log_to_folder(folder_ / "logs");
      log_info("{}", text);
      EXPECT_EQ(said_in(file).back(), std::string("info rank 0: ") + text);
      log_to_folder({});
      log_info("not in a file");
    }
  });
  EXPECT_THAT(said_in(file), ElementsAre("info rank 0: first", "info rank 0: second"));
  EXPECT_EQ(lines_of(file).size(), 4U) << "and one at each start, which tells the program and its process";
}

TEST_F(LogTest, another_folder_takes_the_place_of_the_first) {
  standard_error_of([&] {
    log_to_folder(folder_ / "a");
    log_info("one");
    log_to_folder(folder_ / "b");
    log_info("two");
  });
  EXPECT_THAT(said_in(folder_ / "a/rank_0.log"), ElementsAre("info rank 0: one"));
  EXPECT_THAT(said_in(folder_ / "b/rank_0.log"), ElementsAre("info rank 0: two"));
}

TEST_F(LogTest, a_file_of_ten_megabytes_is_put_aside_and_only_the_last_one_is_kept) {
  start_logging("off");
  log_to_folder(folder_.path());
  constexpr std::size_t kLine = 500'000;
  for (int i = 0; i < 50; ++i) log_info("{:03} {}", i, std::string(kLine, 'x'));
  const auto now = lines_of(folder_ / "rank_0.log"), old = lines_of(folder_ / "rank_0.1.log");
  EXPECT_THAT(now.back(), HasSubstr(" 049 "));
  EXPECT_LE(now.size(), 20U);
  ASSERT_FALSE(old.empty());
  EXPECT_EQ(now.size() + old.size(), 50U - 19U)
      << "the first file held 19 of them, and the line of its start";
  EXPECT_THAT(old.front(), HasSubstr(" 019 "));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(LogTest, a_full_disk_is_told_once_and_the_terminal_goes_on) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "needs /dev/full";
  std::filesystem::create_symlink("/dev/full", folder_ / "rank_0.log");
  const std::string told = standard_error_of([&] {
    log_to_folder(folder_.path());
    for (int i = 0; i < 3; ++i) log_info("{}", i);
  });
  EXPECT_THAT(told, MatchesRegex("warning: the log file of this rank is not complete: .*No space left.*\n"
                                 "info: 0\ninfo: 1\ninfo: 2\n"));
}

TEST_F(LogTest, a_folder_that_cannot_be_written_is_told_and_the_log_goes_on_as_before) {
  folder_.write("file", "no folder");
  EXPECT_THAT(refusal_of([&] { log_to_folder(folder_ / "file/logs"); }, ExitCode::kMissing),
              HasSubstr("file/logs: the folder for logs cannot be made: Not a directory"));
  std::filesystem::create_directories(folder_ / "taken/rank_0.log");
  log_to_folder(folder_ / "works");
  EXPECT_THAT(refusal_of([&] { log_to_folder(folder_ / "taken"); }, ExitCode::kMissing),
              HasSubstr("taken/rank_0.log: the log of this rank cannot be written: Is a directory"));
  standard_error_of([] { log_info("still there"); });
  EXPECT_THAT(said_in(folder_ / "works/rank_0.log"), ElementsAre("info rank 0: still there"));
}

}  // namespace
}  // namespace mofi
