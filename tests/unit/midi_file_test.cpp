#include "midi/midi_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "midi/midi_writer.h"
#include "midi_examples.h"

namespace mofi {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kEnd = bytes_of({0, 0xFF, 0x2F, 0});

/// "start-end:pitch" of every note, in order.
std::vector<std::string> notes_of(const std::string& file) {
  std::vector<std::string> texts;
  for (const Note& note : read_text_as_midi(file).notes)
    texts.push_back(fmt::format("{}-{}:{}", note.start, note.end, note.pitch));
  return texts;
}

std::string refusal_of_file(const std::string& file) {
  return refusal_of([&] { read_text_as_midi(file); });
}

std::string strict_refusal_of(const std::string& file) {
  return refusal_of([&] { read_text_as_midi(file, {.strict = true}); });
}

TEST(MidiFile, note_is_from_note_on_to_note_off_with_velocity_channel_and_track) {
  const MidiFile midi =
      read_text_as_midi(file_of({kEnd, bytes_of({5, 0xC3, 9, 0, 0x93, 60, 70, 100, 0x83, 60, 0}) + kEnd}));
  const Note expected{
      .start = 5, .end = 105, .pitch = 60, .velocity = 70, .channel = 3, .program = 9, .track = 1};
  EXPECT_THAT(midi.notes, ElementsAre(expected));
}

TEST(MidiFile, unknown_chunks_and_long_headers_are_within_the_standard) {
  const std::string note = bytes_of({0, 0x90, 60, 70, 10, 60, 0});
  const std::string file = chunk_of("MThd", bytes_of({0, 1, 0, 1, 1, 0xE0, 7, 7})) +
                           chunk_of("XFIH", "what is this") + chunk_of("MTrk", note + kEnd);
  EXPECT_THAT(notes_of(file), ElementsAre("0-10:60"));
  EXPECT_EQ(strict_refusal_of(file), "");
}

TEST(MidiFile, note_off_ends_every_earlier_note_of_its_key) {
  const std::string track = bytes_of({0, 0x90, 60, 70, 10, 60, 71, 10, 60, 0, 10, 60, 0});
  EXPECT_THAT(notes_of(file_of({track})), ElementsAre("0-20:60", "10-20:60"));
}

TEST(MidiFile, note_off_at_the_tick_of_its_only_note_on_deletes_the_note) {
  const std::string track = bytes_of({5, 0x90, 60, 70, 0, 60, 0, 10, 60, 0});
  EXPECT_THAT(notes_of(file_of({track})), IsEmpty());
}

TEST(MidiFile, note_that_begins_at_the_note_off_of_an_earlier_one_stays_open) {
  const std::string track = bytes_of({0, 0x90, 60, 70, 10, 60, 71, 0, 60, 0, 7, 60, 0});
  EXPECT_THAT(notes_of(file_of({track})), ElementsAre("0-10:60", "10-17:60"));
}

TEST(MidiFile, notes_pair_only_within_their_track_and_channel_and_open_ones_are_dropped) {
  const std::string first = bytes_of({0, 0x90, 60, 70, 10, 0x91, 60, 0});
  const std::string second = bytes_of({20, 0x90, 60, 0, 0, 62, 70});
  EXPECT_THAT(notes_of(file_of({first, second})), IsEmpty());
}

TEST(MidiFile, notes_are_grouped_by_instrument_in_the_order_of_the_first_note_to_end) {
  // Channel 0 begins first, channel 1 ends first; then channel 0 changes its program.
  const std::string track =
      bytes_of({0,  0x90, 60, 70,   0, 0x91, 72,   70, 5, 72, 0,    5,  0x90, 60, 0,  0,
                61, 70,   0,  0xC0, 4, 5,    0x90, 61, 0, 0,  0x91, 74, 70,   5,  74, 0});
  EXPECT_THAT(notes_of(file_of({track})), ElementsAre("0-5:72", "15-20:74", "0-10:60", "10-15:61"));
}

TEST(MidiFile, tempos_of_all_tracks_are_in_order_and_the_division_is_kept) {
  const std::string late = bytes_of({100, 0xFF, 0x51, 3, 0x07, 0xA1, 0x20}),
                    early = bytes_of({0, 0xFF, 0x51, 3, 0x03, 0xD0, 0x90});
  const MidiFile midi = read_text_as_midi(file_of({late, early}));
  EXPECT_THAT(midi.tempos, ElementsAre(TempoChange{0, 250'000}, TempoChange{100, 500'000}));
  EXPECT_EQ(midi.division, (TimeDivision{480, 0, 0}));
  const MidiFile smpte = read_text_as_midi(chunk_of("MThd", bytes_of({0, 0, 0, 0, 256 - 25, 40})));
  EXPECT_EQ(smpte.division, (TimeDivision{0, 25, 40}));
}

TEST(MidiFile, what_is_no_midi_file_is_refused_in_one_sentence) {
  EXPECT_EQ(refusal_of_file(""), "example.mid: is empty; expected a Standard MIDI File");
  EXPECT_THAT(refusal_of_file("garbage"),
              HasSubstr("byte 0: expected the mark 'MThd' of a Standard MIDI File, found 'garb'"));
  EXPECT_THAT(refusal_of_file("\xFF\xD8"), HasSubstr("found '\\xff\\xd8'"));
  EXPECT_THAT(refusal_of_file("SMF2CLIP...."), HasSubstr("found a MIDI 2.0 clip, which is not supported"));
  EXPECT_THAT(refusal_of_file("\xF0\x7E\x7F\x06\x01\xF7"), HasSubstr("found a system exclusive dump (.syx)"));
  EXPECT_THAT(refusal_of_file("RIFF\x04\0\0\0WAVE"s), HasSubstr("found 'RIFF'"));
  EXPECT_THAT(refusal_of_file("RIFF\x04\0\0\0RMID"s), HasSubstr("RIFF file without a chunk 'data'"));
  EXPECT_THAT(refusal_of_file("MThd"),
              HasSubstr("byte 4: expected a header of 6 bytes or more, found the end"));
  EXPECT_THAT(refusal_of_file(chunk_of("MThd", "abc")),
              HasSubstr("byte 8: expected a header of 6 bytes or more, "
                        "found 3 with 3 before the end"));
}

MidiFile two_voices() {
  MidiFile midi;
  midi.tempos = {{0, 500'000}, {960, 400'000}};
  for (std::uint32_t i = 0; i < 12; ++i)
    midi.notes.push_back({i * 200, i * 200 + 180, static_cast<std::uint8_t>(60 + i), 80, 0, 0, 0});
  for (std::uint32_t i = 0; i < 6; ++i) midi.notes.push_back({i * 400, i * 400 + 400, 48, 60, 2, 33, 1});
  return midi;
}

TEST(MidiFile, what_the_writer_wrote_is_read_as_the_same_notes) {
  const MidiFile midi = two_voices(), again = read_text_as_midi(midi_bytes(midi));
  EXPECT_EQ(again.notes, midi.notes);
  EXPECT_EQ(again.tempos, midi.tempos);
  EXPECT_EQ(again.division, midi.division);
  EXPECT_EQ(again.format, 1);
}

TEST(MidiFile, cut_at_any_byte_a_file_gives_notes_or_one_sentence) {
  const std::string file = midi_bytes(two_voices());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    EXPECT_THAT(strict_refusal_of(cut), HasSubstr("example.mid: ")) << size;
    if (size < 14)
      EXPECT_THAT(refusal_of_file(cut), HasSubstr("example.mid: ")) << size;
    else
      EXPECT_NE(read_text_as_midi(cut).repairs, RepairCounts{}) << size;
  }
}

TEST(MidiFile, with_any_bytes_changed_a_file_gives_notes_or_one_sentence) {
  const std::string file = midi_bytes(two_voices());
  RandomStream draws(1, "mutations");
  for (int round = 0; round < 20'000; ++round) {
    std::string mutated = file;
    for (int i = draws.between(1, 4); i > 0; --i)
      mutated[draws.below(static_cast<std::uint32_t>(mutated.size()))] = static_cast<char>(draws.below(256));
    for (const MidiReading reading : {MidiReading{}, {Pairing::kFifo, false}, {Pairing::kAll, true}}) {
      try {
        for (const Note& note : read_text_as_midi(mutated, reading).notes)
          ASSERT_TRUE(note.start <= note.end && note.pitch < 128 && note.velocity > 0 && note.velocity < 128);
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ExitCode::kData);
      }
    }
  }
}

}  // namespace
}  // namespace mofi
