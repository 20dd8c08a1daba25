#include "midi/midi_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MidiFiles, are_found_by_their_endings_in_all_folders_below_in_the_order_of_bytes) {
  const TemporaryFolder folder;
  for (const char* name : {"b.MID", "a/z.kar", "a.midi", "B.rmi", "notes.txt", "mid", "x.mid.bak"})
    folder.write(name, "");
  std::filesystem::create_directory(folder / "folder.mid");
  EXPECT_THAT(files_below(folder.path()), ElementsAre("B.rmi", "a.midi", "a/z.kar", "b.MID"));
  EXPECT_THAT(refusal_of([&] { files_below(folder / "none"); }, ExitCode::kMissing),
              HasSubstr("none: no such folder"));
}

TEST(MidiFiles, a_link_to_itself_is_refused_with_its_path_and_one_that_is_no_midi_file_is_passed_by) {
  const TemporaryFolder folder;
  folder.write("a.mid", "");
  std::filesystem::create_symlink("round", folder / "round");
  EXPECT_THAT(files_below(folder.path()), ElementsAre("a.mid"));
  std::filesystem::create_symlink("round.mid", folder / "round.mid");
  EXPECT_THAT(refusal_of([&] { files_below(folder.path()); }),
              HasSubstr((folder / "round.mid").string() + ": cannot be looked into: "));
}

TEST(MidiFiles, links_to_files_are_taken_and_links_to_folders_are_not_followed) {
  const TemporaryFolder folder;
  folder.write("sub/a.mid", "");
  std::filesystem::create_symlink("sub/a.mid", folder / "b.mid");
  std::filesystem::create_directory_symlink("..", folder / "sub" / "up");
  std::filesystem::create_directory_symlink(".", folder / "c.mid");
  EXPECT_THAT(files_below(folder.path()), ElementsAre("b.mid", "sub/a.mid"));
}

TEST(MidiFiles, a_name_that_is_not_utf_8_is_refused_and_shown) {
  const TemporaryFolder folder;
  folder.write("\u00e9.mid", "");
  folder.write("\xE9.txt", "");
  EXPECT_THAT(files_below(folder.path()), ElementsAre("\u00e9.mid"));
  folder.write("sub\xFF/\xE9.mid", "");
  EXPECT_THAT(refusal_of([&] { files_below(folder.path()); }),
              HasSubstr("/sub\\xff/\\xe9.mid: its name is not UTF-8; rename it"));
}

}  // namespace
}  // namespace mofi
