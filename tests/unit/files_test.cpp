#include "core/files.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/error.h"
#include "core/hash.h"
#include "midi_examples.h"

namespace mofi {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Files, an_abandoned_write_leaves_the_old_file_and_nothing_else) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "result";
  write_atomically(target, "old");
  {
    const AtomicFile unfinished(target);
    std::ofstream(unfinished.path()) << "half";
  }
  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(Files, what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_kept) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "result";
  const pid_t child = fork();
  if (child == 0) {
    auto* never_destroyed = new AtomicFile(target);  // NOLINT: the process dies first, as by kill -9
    std::ofstream(never_destroyed->path()) << "half";
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const AtomicFile alive(target);
  std::ofstream(alive.path()) << "half";
  ASSERT_EQ(entries(folder.path()), 2U);
  EXPECT_EQ(remove_abandoned_temporaries(folder.path()), 1);
  EXPECT_TRUE(std::filesystem::exists(alive.path()));
}

TEST(Files, missing_files_folders_and_files_that_are_too_long_are_told_apart) {
  const TemporaryFolder folder;
  const auto code = [](const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::kDone;
  };
  write_atomically(folder.path() / "long", "12345");
  EXPECT_EQ(code([&] { read_text(folder.path() / "none"); }), ExitCode::kMissing);
  EXPECT_EQ(code([&] { read_text(folder.path()); }), ExitCode::kData);
  EXPECT_EQ(code([&] { read_text(folder.path() / "long", 4); }), ExitCode::kData);
  EXPECT_EQ(code([&] { write_atomically(folder.path() / "long" / "below a file", ""); }), ExitCode::kMissing);
}

TEST(Hash, plain_digests_are_those_of_sha256sum_and_framed_ones_keep_parts_apart) {
  const std::string text = "abc";
  EXPECT_EQ(sha256_of_bytes(std::as_bytes(std::span(text))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_NE(Sha256().update("ab").update("c").hex(), Sha256().update("a").update("bc").hex());
}

}  // namespace
}  // namespace mofi
