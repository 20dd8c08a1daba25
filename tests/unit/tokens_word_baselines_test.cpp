#include "tokens/word_baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "refusal.h"
#include "tokens/segments.h"

namespace mofi {
namespace {

using testing::HasSubstr;

/// Rows of at most 10 words whose Position is given; Bar is 1, Pitch and Duration 5 and 6 in turn.
TokenTable rows_of_positions(const std::vector<std::vector<int>>& rows) {
  TokenTable table;
  table.scheme = token_scheme("cp4");
  table.row_words = 10;
  for (const auto& positions : rows) {
    std::vector<std::uint8_t> words;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const auto turn = static_cast<std::uint8_t>(5 + i % 2);
      words.insert(words.end(), {1, static_cast<std::uint8_t>(positions[i]), turn, turn});
    }
    append_rows(table, words, static_cast<std::uint32_t>(table.pieces.size()));
    table.pieces.emplace_back();
  }
  return table;
}

const TokenTable& example() {
  static const TokenTable table = rows_of_positions({{1, 2, 1, 2, 1, 3, 4}, {3, 1, 3, 4, 2, 2, 1, 2}});
  return table;
}
const std::vector<std::size_t> kFitted = {0}, kScored = {1};

void expect_eighths(const ColumnBaselines& found, int unigram, int copy, int bigram, int neighbours,
                    double words = 8) {
  EXPECT_DOUBLE_EQ(found.unigram, unigram / words) << found.column;
  EXPECT_DOUBLE_EQ(found.copy, copy / words) << found.column;
  EXPECT_DOUBLE_EQ(found.bigram, bigram / words) << found.column;
  EXPECT_DOUBLE_EQ(found.neighbours, neighbours / words) << found.column;
}

// Counted: 1 is the most frequent; 1 is followed by 2 (twice of three), 2 by 1, 3 by 4, 4 by nothing; between
// 1 and 1 is 2, between 2 and 2 is 1, between 2 and 3 is 1, between 1 and 4 is 3.
//   to guess    3  1  3  4  2  2  1  2
//   unigram     1  1+ 1  1  1  1  1+ 1
//   copy        1  3  1  3  4  2+ 2  1
//   bigram      1  4  2  4+ 1  1  1+ 2+   after 4, which is never followed: the unigram
//   neighbours  1  4  3+ 4+ 1  1  1+ 2+   between 3 and 3, which was never seen: the bigram
TEST(WordBaselines, are_those_computed_by_hand) {
  const auto found = word_baselines(example(), kFitted, kScored, 10);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[1].column, "Position");
  expect_eighths(found[1], 2, 1, 3, 4);
}

TEST(WordBaselines, a_column_that_never_changes_and_one_that_alternates_are_guessed_as_such) {
  const auto found = word_baselines(example(), kFitted, kScored, 10);
  expect_eighths(found[0], 8, 8, 8, 8);
  // 5 6 5 6 …, of which 5 is the more frequent in seven words: half of the scored words, and the first is
  // right by it, too.
  expect_eighths(found[2], 4, 1, 8, 8);
  expect_eighths(found[3], 4, 1, 8, 8);
}

TEST(WordBaselines, only_the_positions_given_count) {
  const std::vector<std::vector<int>> positions = {{2, 3, 6}};
  expect_eighths(word_baselines(example(), kFitted, kScored, 10, positions)[1], 1, 0, 2, 3, 3);
}

// 1 and 2 are as frequent in the first four words, so the lower stands for both.
TEST(WordBaselines, words_beyond_the_most_that_are_used_are_neither_counted_nor_guessed) {
  expect_eighths(word_baselines(example(), kFitted, kScored, 4)[1], 1, 0, 1, 1, 4);
}

TEST(WordBaselines, of_several_rows_no_word_follows_another_rows_last) {
  const TokenTable table = rows_of_positions({{7, 8}, {9, 6, 6}, {8, 6}});
  const std::vector<std::size_t> fitted = {0, 1}, scored = {2};
  // 6 is the most frequent, and stands for what follows 8: row 1 begins with 9, but no row goes from 8 to 9.
  expect_eighths(word_baselines(table, fitted, scored, 10)[1], 1, 0, 1, 1, 2);
}

TEST(WordBaselines, nothing_to_count_or_to_guess_is_refused) {
  const std::vector<std::size_t> none;
  const std::vector<std::vector<int>> no_position = {{}}, beyond = {{8}}, too_many = {{0}, {0}};
  EXPECT_THAT(refusal_of([&] { word_baselines(example(), none, kScored, 10); }),
              HasSubstr("no row to count words in"));
  EXPECT_THAT(refusal_of([&] { word_baselines(example(), kFitted, none, 10); }),
              HasSubstr("no word to score baselines on"));
  EXPECT_THAT(refusal_of([&] { word_baselines(example(), kFitted, kScored, 10, no_position); }),
              HasSubstr("no word to score baselines on"));
  EXPECT_THAT(refusal_of([&] { word_baselines(example(), kFitted, kScored, 0); }, ExitCode::kUsage),
              HasSubstr("at most 0 words; expected 1 or more"));
  EXPECT_THAT(
      refusal_of([&] { word_baselines(example(), kFitted, kScored, 10, beyond); }, ExitCode::kInternal),
      HasSubstr("position 8 of row 1 is to be scored; expected one of its 8 words"));
  EXPECT_THAT(
      refusal_of([&] { word_baselines(example(), kFitted, kScored, 10, too_many); }, ExitCode::kInternal),
      HasSubstr("positions of 2 rows are to be scored; expected those of 1"));
}

}  // namespace
}  // namespace mofi
