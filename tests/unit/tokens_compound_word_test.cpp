#include "tokens/compound_word.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "midi_examples.h"
#include "tokens/segments.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

Note note(std::uint32_t start, std::uint32_t end, int pitch, std::uint32_t track = 0) {
  return {.start = start, .end = end, .pitch = static_cast<std::uint8_t>(pitch), .track = track};
}

MidiFile midi_of(const std::vector<Note>& notes) {
  MidiFile midi;
  midi.notes = notes;
  return midi;
}

std::vector<std::uint8_t> words_of(const std::vector<Note>& notes, const TokenOptions& options = {}) {
  return tokenize(midi_of(notes), options).words;
}

TEST(CompoundWord, worked_example_of_the_specification_gives_its_ten_words) {
  const std::vector<Note> notes = {note(0, 91, 52),      note(0, 90, 60),      note(60, 100, 64),
                                   note(61, 1000, 67),   note(180, 240, 72),   note(181, 5000, 74),
                                   note(1915, 2000, 76), note(5760, 5880, 22), note(9600, 9780, 47),
                                   note(9600, 9660, 107)};
  const std::vector<std::uint8_t> expected = {0,  0,  30, 1, 1,  0,  38, 0, 1,  0,  42, 0, 1,  1,
                                              45, 15, 1,  1, 50, 0,  1,  2, 52, 63, 0,  0, 54, 0,
                                              0,  0,  0,  1, 0,  15, 25, 2, 1,  15, 85, 0};
  EXPECT_THAT(words_of(notes), ElementsAreArray(expected));
}

TEST(CompoundWord, last_onset_on_a_grid_line_is_pulled_one_step_early) {
  EXPECT_THAT(words_of({note(0, 60, 60), note(240, 300, 60)}), ElementsAre(0, 0, 38, 0, 1, 1, 38, 0));
  EXPECT_THAT(words_of({note(0, 60, 60), note(241, 301, 60)}), ElementsAre(0, 0, 38, 0, 1, 2, 38, 0));
}

TEST(CompoundWord, ties_go_to_the_lower_position_and_duration) {
  const std::vector<Note> notes = {note(60, 150, 60), note(61, 152, 60), note(1000, 1010, 60)};
  EXPECT_THAT(words_of(notes), ElementsAre(0, 0, 38, 0, 1, 1, 38, 1, 1, 8, 38, 0));
}

TEST(CompoundWord, notes_of_one_position_keep_the_order_of_their_onsets_not_of_pitch) {
  const std::vector<Note> notes = {note(10, 100, 50), note(0, 100, 70), note(10, 90, 40),
                                   note(960, 1000, 60)};
  const auto words = words_of(notes);
  EXPECT_THAT((std::vector<int>{words[2], words[6], words[10]}), ElementsAre(70 - 22, 40 - 22, 50 - 22));
}

TEST(CompoundWord, at_one_onset_instruments_come_in_their_order_whatever_the_pitch) {
  const std::vector<Note> notes = {note(0, 100, 70, 0), note(0, 100, 65, 0), note(0, 100, 40, 1),
                                   note(960, 1000, 41, 1)};
  const auto words = words_of(notes);
  EXPECT_THAT((std::vector<int>{words[2], words[6], words[10]}), ElementsAre(65 - 22, 70 - 22, 40 - 22));
}

TEST(CompoundWord, piece_whose_last_note_starts_at_tick_zero_has_one_grid_point) {
  EXPECT_THAT(words_of({note(0, 480, 60), note(0, 480, 64)}), ElementsAre(0, 0, 38, 7, 1, 0, 42, 7));
  EXPECT_TRUE(words_of({}).empty());
}

TEST(CompoundWord, note_without_a_pitch_id_is_left_out_counted_and_stays_in_the_grid) {
  const std::vector<Note> notes = {note(0, 60, 21), note(0, 60, 60), note(240, 300, 62), note(360, 420, 108)};
  const TokenizedPiece piece = tokenize(midi_of(notes));
  EXPECT_THAT(piece.words, ElementsAre(0, 0, 38, 0, 1, 2, 40, 0));
  EXPECT_EQ(piece.out_of_range_notes, 2u);
}

TEST(CompoundWord, note_without_a_pitch_id_may_be_clamped_or_folded_into_the_range) {
  const std::vector<Note> notes = {note(0, 60, 0), note(240, 300, 127), note(600, 660, 22)};
  const auto pitches = [&](const std::string& out_of_range) {
    const auto words = words_of(notes, {.out_of_range = out_of_range});
    return std::vector<int>{words[2] + 22, words[6] + 22, words[10] + 22};
  };
  EXPECT_THAT(pitches("clamp"), ElementsAre(22, 107, 22));
  EXPECT_THAT(pitches("fold_octave"), ElementsAre(24, 103, 22));
  EXPECT_EQ(tokenize(midi_of(notes), {.out_of_range = "clamp"}).out_of_range_notes, 2u);
}

TEST(CompoundWord, rescaled_ticks_give_the_words_of_the_same_music_at_480_a_quarter) {
  MidiFile fine = midi_of({note(0, 91, 52), note(180, 240, 72), note(1915, 2000, 76), note(9600, 9780, 47)});
  MidiFile coarse = fine;
  coarse.division.ticks_per_quarter = 96;
  for (Note& n : fine.notes) n.start *= 5, n.end *= 5;
  EXPECT_EQ(tokenize(coarse, {.ticks = "rescale480"}).words, tokenize(fine).words);
  EXPECT_NE(tokenize(coarse).words, tokenize(fine).words);
}

TEST(CompoundWord, smpte_time_is_rescaled_with_quarters_of_half_a_second) {
  // Half a second: 20 ticks at 25 frames a second and 40 / 25 … in drop frame, 30000 / 1001 frames.
  const auto start_of_second_note = [](TimeDivision division, std::uint32_t ticks) {
    MidiFile midi = midi_of({note(0, 1, 60), note(ticks, ticks + 1, 60), note(8 * ticks, 8 * ticks + 1, 60)});
    midi.division = division;
    return int{tokenize(midi, {.ticks = "rescale480"}).words[5]};
  };
  EXPECT_EQ(start_of_second_note({0, 25, 40}, 500), 4);
  EXPECT_EQ(start_of_second_note({0, 29, 100}, 1499), 4);
}

TEST(CompoundWord, cp6_adds_the_velocity_and_the_tempo_in_force_where_the_note_starts) {
  MidiFile midi = midi_of({note(0, 60, 60), note(240, 300, 62), note(480, 540, 64)});
  midi.notes[0].velocity = 1;
  midi.notes[1].velocity = 64;
  midi.notes[2].velocity = 127;
  midi.tempos = {{240, 500'000}, {241, 10'000}, {480, 60'000'000 / 35}};
  EXPECT_THAT(tokenize(midi, {.scheme = "cp6"}).words,
              ElementsAre(0, 0, 38, 0, 0, 29, 1, 2, 40, 32, 0, 29, 1, 3, 42, 63, 0, 1));
  midi.tempos = {{0, 10'000'000}, {240, 10'000}, {480, 60'000'000 / 36}};
  const auto words = tokenize(midi, {.scheme = "cp6"}).words;
  EXPECT_THAT((std::vector<int>{words[5], words[11], words[17]}), ElementsAre(0, 64, 1));
}

TEST(CompoundWord, cp6_and_cp4_agree_in_the_columns_that_both_have) {
  const std::vector<Note> notes = {note(0, 91, 52), note(61, 1000, 67), note(1915, 2000, 76),
                                   note(9600, 9780, 47)};
  const auto four = words_of(notes), six = words_of(notes, {.scheme = "cp6"});
  ASSERT_EQ(six.size() / 6, four.size() / 4);
  for (std::size_t i = 0; i < four.size() / 4; ++i)
    for (const auto& [in_four, in_six] : {std::pair{0, 0}, {1, 1}, {2, 2}, {3, 4}})
      EXPECT_EQ(six[6 * i + static_cast<std::size_t>(in_six)],
                four[4 * i + static_cast<std::size_t>(in_four)]);
}

TEST(CompoundWord, schemes_have_the_sizes_and_special_ids_of_the_specification) {
  const TokenScheme six = token_scheme("cp6");
  std::vector<std::string> columns;
  for (const TokenColumn& c : six.columns)
    columns.push_back(fmt::format("{} {} {} {}", c.name, c.size, c.pad, c.mask));
  EXPECT_THAT(columns, ElementsAre("Bar 4 2 3", "Position 18 16 17", "Pitch 88 86 87", "Velocity 67 65 66",
                                   "Duration 66 64 65", "Tempo 67 65 66"));
  EXPECT_EQ(six.highest_pitch(), 107);
  EXPECT_THAT(refusal_of([] { token_scheme("cp5"); }, ExitCode::kUsage),
              testing::HasSubstr("expected cp4 or cp6"));
}

TEST(CompoundWord, notes_in_word_order_are_those_that_have_a_word) {
  const std::vector<Note> notes = {note(0, 60, 60), note(0, 60, 21), note(10, 60, 50, 1), note(5, 70, 70, 2)};
  std::vector<int> pitches;
  for (const Note& n : notes_in_word_order(midi_of(notes), {})) pitches.push_back(n.pitch);
  EXPECT_THAT(pitches, ElementsAre(60, 70, 50));
  EXPECT_EQ(notes_in_word_order(midi_of(notes), {.out_of_range = "clamp"}).size(), 4u);
}

TEST(CompoundWord, latest_ticks_that_a_file_can_have_do_not_overflow) {
  const std::uint32_t last = 0x7FFF'FFFF;
  const auto words = words_of({note(0, last, 60), note(last - 1, last, 61)});
  EXPECT_EQ(words[3], 63);
  EXPECT_EQ(words[7], 0);
}

TEST(CompoundWord, long_piece_is_cut_into_full_rows_and_a_padded_last_one) {
  TokenTable table;
  table.scheme = token_scheme("cp4");
  std::vector<std::uint8_t> words;
  for (int i = 0; i < 1030; ++i) words.insert(words.end(), {1, 3, static_cast<std::uint8_t>(i % 86), 5});
  append_rows(table, words, 7);
  EXPECT_THAT(table.length, ElementsAre(512, 512, 6));
  EXPECT_THAT(table.piece, ElementsAre(7, 7, 7));
  ASSERT_EQ(table.words.size(), 3u * 512 * 4);
  EXPECT_TRUE(std::equal(words.begin(), words.end(), table.words.begin()));
  for (std::size_t i = words.size(); i < table.words.size(); i += 4)
    EXPECT_THAT(std::span(table.words).subspan(i, 4), ElementsAre(2, 16, 86, 64));
  EXPECT_EQ(rows_of(1030, 512), 3u);
  EXPECT_EQ(rows_of(1024, 512), 2u);
}

TEST(CompoundWord, last_row_that_is_too_short_is_dropped) {
  EXPECT_EQ(words_kept(1030, 512, 256), 1024u);
  EXPECT_EQ(words_kept(255, 512, 256), 0u);
  EXPECT_EQ(words_kept(256, 512, 256), 256u);
  EXPECT_EQ(words_kept(1024, 512, 256), 1024u);
  EXPECT_EQ(words_kept(1, 512, 1), 1u);
}

}  // namespace
}  // namespace mofi
