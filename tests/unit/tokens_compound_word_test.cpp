#include "tokens/compound_word.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokens/segments.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

Note note(std::uint32_t start, std::uint32_t end, int pitch, std::uint32_t track = 0) {
  return {.start = start, .end = end, .pitch = static_cast<std::uint8_t>(pitch), .track = track};
}

std::vector<std::uint8_t> words_of(const std::vector<Note>& notes) { return tokenize(notes).words; }

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
  EXPECT_TRUE(tokenize({}).words.empty());
}

TEST(CompoundWord, note_without_a_pitch_id_is_left_out_counted_and_stays_in_the_grid) {
  const TokenizedPiece piece =
      tokenize(std::vector<Note>{note(0, 60, 21), note(0, 60, 60), note(240, 300, 62), note(360, 420, 108)});
  EXPECT_THAT(piece.words, ElementsAre(0, 0, 38, 0, 1, 2, 40, 0));
  EXPECT_EQ(piece.out_of_range_notes, 2);
  EXPECT_EQ(piece.pitch_min, 60);
  EXPECT_EQ(piece.pitch_max, 62);
}

TEST(CompoundWord, latest_ticks_that_a_file_can_have_do_not_overflow) {
  const std::uint32_t last = 0x7FFF'FFFF;
  const auto words = words_of({note(0, last, 60), note(last - 1, last, 61)});
  EXPECT_EQ(words[3], 63);
  EXPECT_EQ(words[7], 0);
}

TEST(CompoundWord, long_piece_is_cut_into_full_rows_and_a_padded_last_one) {
  TokenTable table;
  table.scheme = cp4_scheme();
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

}  // namespace
}  // namespace mofi
