// Malformed and odd MIDI files, sorted by defect, and music of many programs: none may crash the reader, and
// all of `drywetmidi/Valid` has to be sound. The table by folder is in results/reference/midi_torture.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "midi/midi_check.h"
#include "test_data.h"

namespace mofi {
namespace {

constexpr const char* kNoData =
    "needs the data archives: set MOFI_DATA_UNPACKED to the folder they are unpacked in";

/// Sums over the folders that begin so.
FolderCheck sum_of(const MidiCheck& check, const std::string& beginning) {
  MidiCheck part;
  std::ranges::copy_if(check.folders, std::back_inserter(part.folders),
                       [&](const FolderCheck& folder) { return folder.folder.starts_with(beginning); });
  return part.all();
}

TEST(MidiTorture, every_malformed_file_is_mended_or_refused_and_every_valid_one_is_sound) {
  const auto folder = test_data("midi-torture");
  if (!folder) GTEST_SKIP() << kNoData;
  const MidiCheck check = check_midi_files(*folder);

  const FolderCheck valid = sum_of(check, "drywetmidi/Valid");
  EXPECT_EQ(valid.files, 33u);
  EXPECT_EQ(valid.sound, valid.files);

  const FolderCheck invalid = sum_of(check, "drywetmidi/Invalid");
  EXPECT_EQ(invalid.files, 73u);
  EXPECT_LE(invalid.sound, 1u) << "a chunk size that is wrong only by what DryWetMIDI demands of it";
  EXPECT_EQ(sum_of(check, "drywetmidi/Invalid/No Header Chunk").refused, 6u) << "no MIDI files";
  EXPECT_EQ(invalid.refused, 8u) << "those, one more without a header, and one whose header has no end";

  EXPECT_EQ(sum_of(check, "jazz-soft/midi2").refused, 9u) << "MIDI 2.0 clips";
  EXPECT_EQ(sum_of(check, "jazz-soft/midi2").files, 9u);
  EXPECT_EQ(check.all().refused, 8u + 9u);
}

TEST(MidiTorture, music_of_every_corpus_is_read_and_hardly_any_of_it_needs_mending) {
  if (!test_data("vgmidi") || !test_data("pretrain")) GTEST_SKIP() << kNoData;
  const FolderCheck games = check_midi_files(*test_data("vgmidi")).all();
  EXPECT_EQ(games.refused, 0u);
  EXPECT_EQ(games.mended, 12u) << "11 have bytes after the last track, one has values above 127";
  const FolderCheck piano = check_midi_files(*test_data("pretrain")).all();
  EXPECT_EQ(piano.refused, 0u);
  EXPECT_EQ(piano.mended, 0u);
}

}  // namespace
}  // namespace mofi
