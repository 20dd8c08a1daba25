// What each repair of the SMF reader does, and that a strict reader refuses the same file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "midi_examples.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kEnd = bytes_of({0, 0xFF, 0x2F, 0});
const std::string kNote = bytes_of({0, 0x90, 60, 70, 10, 60, 0});

/// The notes that a tolerant reader keeps, after checking that it made this repair so often and no other, and
/// that a strict one refuses the file with the repair's words.
std::vector<std::string> notes_after(Repair repair, const std::string& file, std::uint32_t times = 1) {
  const MidiFile midi = read_text_as_midi(file);
  RepairCounts expected;
  expected[repair] = times;
  EXPECT_THAT(midi.repairs.times, testing::ElementsAreArray(expected.times));
  EXPECT_THAT(refusal_of([&] { read_text_as_midi(file, {.strict = true}); }),
              HasSubstr(kRepairTexts[static_cast<std::size_t>(repair)].found));
  std::vector<std::string> texts;
  for (const Note& note : midi.notes)
    texts.push_back(fmt::format("{}-{}:{}v{}", note.start, note.end, note.pitch, note.velocity));
  return texts;
}

TEST(Repairs, sound_file_needs_none_and_is_taken_by_a_strict_reader) {
  const std::string file = file_of({kNote + kEnd, kEnd});
  EXPECT_EQ(read_text_as_midi(file).repairs, RepairCounts{});
  EXPECT_EQ(read_text_as_midi(file, {.strict = true}).notes.size(), 1u);
}

TEST(Repairs, format_above_two_is_read_as_format_one) {
  EXPECT_THAT(notes_after(Repair::kUnknownFormat, file_of({kNote + kEnd}, 4)), ElementsAre("0-10:60v70"));
  EXPECT_EQ(read_text_as_midi(file_of({kEnd}, 4)).format, 1);
}

TEST(Repairs, division_without_meaning_is_480_ticks_a_quarter) {
  for (const int frames : {0, 256 - 17}) {
    const std::string file =
        chunk_of("MThd", bytes_of({0, 0, 0, 1, frames, 0})) + chunk_of("MTrk", kNote + kEnd);
    EXPECT_THAT(notes_after(Repair::kNoDivision, file), ElementsAre("0-10:60v70"));
    EXPECT_EQ(read_text_as_midi(file).division, TimeDivision{});
  }
}

TEST(Repairs, tracks_are_those_that_are_there_whatever_the_header_says) {
  const std::string head = chunk_of("MThd", bytes_of({0, 1, 0, 2, 1, 0xE0}));
  const std::string track = chunk_of("MTrk", kNote + kEnd);
  EXPECT_THAT(notes_after(Repair::kMissingTracks, head + track), ElementsAre("0-10:60v70"));
  EXPECT_THAT(notes_after(Repair::kExtraTracks, head + track + track + track), testing::SizeIs(3));
}

TEST(Repairs, bytes_that_are_no_chunk_are_skipped_up_to_the_next_track) {
  const std::string head = chunk_of("MThd", bytes_of({0, 1, 0, 2, 1, 0xE0}));
  const std::string track = chunk_of("MTrk", kNote + kEnd);
  EXPECT_THAT(notes_after(Repair::kNoChunk, head + track + bytes_of({0, 7, 9, 0, 0, 0, 0, 0, 0}) + track),
              testing::SizeIs(2));
  EXPECT_THAT(notes_after(Repair::kNoChunk, head + track + track + bytes_of({0, 0})), testing::SizeIs(2));
  EXPECT_THAT(notes_after(Repair::kNoChunk, head + track + head + track), testing::SizeIs(2));
}

TEST(Repairs, track_longer_than_the_file_is_read_to_its_end) {
  std::string file = file_of({kNote + kEnd});
  file[21] = static_cast<char>(100);
  EXPECT_THAT(notes_after(Repair::kCutChunk, file), ElementsAre("0-10:60v70"));
}

TEST(Repairs, track_whose_length_swallows_the_next_one_gives_it_back) {
  std::string file = file_of({kNote + kEnd, kNote + kEnd});
  file[21] = static_cast<char>(20);
  EXPECT_THAT(notes_after(Repair::kAfterEndOfTrack, file), testing::SizeIs(2));
}

TEST(Repairs, event_that_its_track_cuts_is_left_out) {
  for (const auto& cut : {bytes_of({5, 0x90}), bytes_of({5, 0x90, 61}), bytes_of({5, 0xFF}),
                          bytes_of({5, 0xFF, 1, 9, 'x'}), bytes_of({5, 0xF0, 3, 1}), bytes_of({0x85})})
    EXPECT_THAT(notes_after(Repair::kCutEvent, file_of({kNote + cut})), ElementsAre("0-10:60v70"));
}

TEST(Repairs, track_needs_no_end_and_what_follows_its_end_is_ignored) {
  EXPECT_THAT(notes_after(Repair::kNoEndOfTrack, file_of({kNote})), ElementsAre("0-10:60v70"));
  EXPECT_THAT(notes_after(Repair::kAfterEndOfTrack, file_of({kNote + kEnd + kNote})), testing::SizeIs(1));
}

TEST(Repairs, running_status_is_kept_across_meta_and_sysex_events) {
  const std::string track = bytes_of(
      {0, 0x90, 60, 70, 10, 0xFF, 1, 2, 'h', 'i', 0, 62, 70, 10, 0xF0, 2, 1, 0xF7, 0, 60, 0, 0, 62, 0});
  EXPECT_THAT(notes_after(Repair::kKeptRunningStatus, file_of({track + kEnd}), 2),
              ElementsAre("0-20:60v70", "10-20:62v70"));
}

TEST(Repairs, data_bytes_without_a_status_are_skipped_as_a_receiver_does) {
  const std::string track = bytes_of({0, 60, 70, 3, 0x90, 61, 70, 10, 61, 0});
  EXPECT_THAT(notes_after(Repair::kDataWithoutStatus, file_of({track + kEnd})), ElementsAre("0-10:61v70"));
}

TEST(Repairs, value_above_127_becomes_127_and_such_a_pitch_or_program_is_left_out) {
  EXPECT_THAT(notes_after(Repair::kHighValue, file_of({bytes_of({0, 0x90, 60, 224, 10, 60, 0}) + kEnd})),
              ElementsAre("0-10:60v127"));
  EXPECT_THAT(notes_after(Repair::kHighValue, file_of({bytes_of({0, 0x90, 200, 70}) + kNote + kEnd})),
              ElementsAre("0-10:60v70"));
  const MidiFile midi = read_text_as_midi(file_of({bytes_of({0, 0xC0, 255}) + kNote + kEnd}));
  EXPECT_EQ(midi.notes.at(0).program, 0);
}

TEST(Repairs, system_messages_and_undefined_status_bytes_are_skipped) {
  const auto track = [](std::initializer_list<int> inside) {
    return file_of({bytes_of(inside) + kNote + kEnd});
  };
  EXPECT_THAT(notes_after(Repair::kSystemMessage, track({0, 0xF8, 0, 0xF3, 5, 0, 0xF2, 1, 2}), 3),
              ElementsAre("0-10:60v70"));
  EXPECT_THAT(notes_after(Repair::kUndefinedStatus, track({0, 0xF4, 0, 0xFD}), 2), ElementsAre("0-10:60v70"));
}

TEST(Repairs, number_of_four_bytes_is_read_and_after_a_fifth_the_track_ends) {
  const std::string longest = bytes_of({0xFF, 0xFF, 0xFF, 0x7F});
  const std::string sound = file_of({bytes_of({0, 0x90, 60, 70}) + longest + bytes_of({60, 0}) + kEnd});
  EXPECT_EQ(read_text_as_midi(sound, {.strict = true}).notes.at(0).end, 268'435'455u);
  EXPECT_THAT(notes_after(Repair::kLongNumber, file_of({kNote + bytes_of({128, 128, 128, 128, 0}) + kEnd})),
              ElementsAre("0-10:60v70"));
}

TEST(Repairs, tick_beyond_31_bits_ends_the_track_instead_of_wrapping) {
  std::string track = kNote;
  for (int i = 0; i < 9; ++i) track += bytes_of({0xFF, 0xFF, 0xFF, 0x7F, 61, 0});
  EXPECT_THAT(notes_after(Repair::kLateTick, file_of({track + kEnd})), ElementsAre("0-10:60v70"));
}

TEST(Repairs, meta_events_with_impossible_contents_are_ignored) {
  const std::vector<std::string> wrong = {
      bytes_of({0, 0xFF, 0x51, 2, 7, 7}), bytes_of({0, 0xFF, 0x51, 3, 0, 0, 0}),
      bytes_of({0, 0xFF, 0x59, 2, 8, 0}), bytes_of({0, 0xFF, 0x59, 2, 1, 2}),
      bytes_of({0, 0xFF, 0x59, 1, 1}),    bytes_of({0, 0xFF, 0x58, 1, 4}),
      bytes_of({0, 0xFF, 0x54, 2, 0, 0}), bytes_of({0, 0xFF, 0x54, 5, 0, 60, 0, 0, 0}),
      bytes_of({0, 0xFF, 0x20, 1, 16}),   bytes_of({0, 0xFF, 0x00, 1, 0}),
      bytes_of({0, 0xFF, 0x21, 1, 200}),  bytes_of({0, 0xFF, 0x80, 0}),
  };
  for (const std::string& meta : wrong) {
    EXPECT_THAT(notes_after(Repair::kBadMeta, file_of({meta + kNote + kEnd})), ElementsAre("0-10:60v70"));
    EXPECT_THAT(read_text_as_midi(file_of({meta + kEnd})).tempos, IsEmpty());
  }
}

TEST(Repairs, midi_in_a_riff_container_is_read_and_its_bytes_count_from_the_container) {
  const std::string midi = file_of({kNote + kEnd});
  const auto size = [](std::size_t n) { return bytes_of({static_cast<int>(n), 0, 0, 0}); };
  const std::string inside = "RMID" + ("DISP" + size(3)) + "abc" + bytes_of({0}) + "data" + size(midi.size());
  const std::string riff = "RIFF" + size(inside.size() + midi.size()) + inside;
  EXPECT_EQ(read_text_as_midi(riff + midi, {.strict = true}).notes.size(), 1u);
  EXPECT_THAT(
      notes_after(Repair::kNoEndOfTrack, "RIFF" + size(0) + "RMID" + "data" + size(29) + file_of({kNote})),
      ElementsAre("0-10:60v70"));
  EXPECT_THAT(refusal_of([&] { read_text_as_midi(riff + std::string(midi.size(), 'x')); }),
              HasSubstr(fmt::format("byte {}: expected the mark 'MThd'", riff.size())));
}

TEST(Repairs, text_of_any_encoding_is_no_matter) {
  const std::string text = bytes_of({0, 0xFF, 0x03, 6, 0x83, 0x65, 0xFF, 0x00, 0xC3, 0x28});
  EXPECT_EQ(read_text_as_midi(file_of({text + kNote + kEnd}), {.strict = true}).notes.size(), 1u);
}

TEST(Repairs, fifo_ends_the_note_that_began_first_and_only_it) {
  const std::string track = bytes_of({0, 0x90, 60, 70, 10, 60, 71, 10, 60, 0, 10, 60, 0, 5, 60, 9, 0, 60, 0});
  std::vector<std::string> texts;
  for (const Note& note : read_text_as_midi(file_of({track + kEnd}), {.pairing = Pairing::kFifo}).notes)
    texts.push_back(fmt::format("{}-{}v{}", note.start, note.end, note.velocity));
  EXPECT_THAT(texts, ElementsAre("0-20v70", "10-30v71", "35-35v9"));
}

TEST(Repairs, notes_that_pair_with_nothing_are_counted) {
  const std::string track = bytes_of({0, 0x90, 60, 70, 0, 60, 0, 5, 61, 70, 5, 62, 70, 5, 62, 0});
  EXPECT_EQ(read_text_as_midi(file_of({track + kEnd})).unpaired_notes, 2u);
}

}  // namespace
}  // namespace mofi
