#include "tokens/held_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "core/random.h"
#include "refusal.h"
#include "tokens/segments.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TokenTable empty_table(std::vector<std::string> splits = {}) {
  TokenTable table;
  table.dataset = "made up";
  table.scheme = token_scheme("cp4");
  table.row_words = 4;
  table.split_names = std::move(splits);
  return table;
}

void add_piece(TokenTable& table, const std::string& song, std::size_t rows,
               std::vector<SplitPart> split = {}) {
  std::vector<std::uint8_t> words;
  for (std::size_t i = 0; i < 4 * rows; ++i) words.insert(words.end(), {1, 2, 3, 4});
  append_rows(table, words, static_cast<std::uint32_t>(table.pieces.size()));
  TokenPiece piece;
  piece.id = std::to_string(table.pieces.size()) + ".mid";
  piece.group = song;
  piece.split = std::move(split);
  table.pieces.push_back(piece);
}

/// Songs of 1 to 4 pieces of 1 to 9 rows, pieces in random order.
TokenTable random_table(std::uint64_t seed, int songs) {
  RandomStream stream(seed, "songs");
  std::vector<std::string> pieces;
  for (int song = 0; song < songs; ++song)
    for (int i = stream.between(1, 4); i > 0; --i) pieces.push_back("song " + std::to_string(song));
  stream.shuffle(std::span(pieces));
  TokenTable table = empty_table();
  for (const std::string& song : pieces)
    add_piece(table, song, static_cast<std::size_t>(stream.between(1, 9)));
  return table;
}

std::set<std::string> songs_of(const TokenTable& table, const std::vector<std::size_t>& rows) {
  std::set<std::string> songs;
  for (const std::size_t row : rows) songs.insert(table.pieces[table.piece[row]].group);
  return songs;
}

TEST(HeldOut, no_song_is_on_both_sides_every_row_is_on_one_and_the_share_is_met_within_a_song) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const TokenTable table = random_table(seed, 30);
    const double share = 0.02 + 0.01 * static_cast<double>(seed);
    const HeldOutRows rows = hold_out(table, {.share = share, .seed = seed});

    std::vector<std::string> both;
    std::ranges::set_intersection(songs_of(table, rows.train), songs_of(table, rows.held_out),
                                  std::back_inserter(both));
    EXPECT_THAT(both, IsEmpty());
    std::vector<std::size_t> all;
    EXPECT_TRUE(std::ranges::is_sorted(rows.train));
    EXPECT_TRUE(std::ranges::is_sorted(rows.held_out));
    std::ranges::merge(rows.train, rows.held_out, std::back_inserter(all));
    ASSERT_EQ(all.size(), table.rows());
    for (std::size_t row = 0; row < all.size(); ++row) ASSERT_EQ(all[row], row);

    std::map<std::string, std::size_t> rows_of;
    for (std::size_t row = 0; row < table.rows(); ++row) ++rows_of[table.pieces[table.piece[row]].group];
    std::size_t longest = 0;
    for (const auto& [song, count] : rows_of) longest = std::max(longest, count);
    const double wanted = share * static_cast<double>(table.rows());
    EXPECT_GE(static_cast<double>(rows.held_out.size()), wanted);
    EXPECT_LT(static_cast<double>(rows.held_out.size()), wanted + static_cast<double>(longest));
  }
}

TEST(HeldOut, the_seed_decides_which_songs_and_the_order_of_pieces_does_not) {
  const TokenTable table = random_table(3, 30);
  TokenTable reversed = empty_table();
  for (std::size_t p = table.pieces.size(); p-- > 0;)
    add_piece(reversed, table.pieces[p].group,
              static_cast<std::size_t>(std::ranges::count(table.piece, static_cast<std::uint32_t>(p))));
  const auto held_out = [](const TokenTable& tokens, std::uint64_t seed) {
    return songs_of(tokens, hold_out(tokens, {.share = 0.2, .seed = seed}).held_out);
  };
  EXPECT_EQ(held_out(table, 1), held_out(table, 1));
  EXPECT_EQ(held_out(table, 1), held_out(reversed, 1));
  EXPECT_NE(held_out(table, 1), held_out(table, 2));
}

TEST(HeldOut, by_row_the_last_rows_of_a_shuffled_list_are_held_out_as_midibert_does_it) {
  TokenTable table = empty_table();
  for (int song = 0; song < 11; ++song) add_piece(table, "song " + std::to_string(song), 3);
  const HeldOutRows rows = hold_out(table, {.share = 0.15, .by_row = true});
  EXPECT_EQ(rows.train.size(), 28u);  // 85 % of 33, rounded down
  EXPECT_EQ(rows.held_out.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(rows.train));
  std::set<std::size_t> all(rows.train.begin(), rows.train.end());
  all.insert(rows.held_out.begin(), rows.held_out.end());
  EXPECT_EQ(all.size(), 33u);
  EXPECT_EQ(hold_out(table, {.share = 0.15, .by_row = true}).held_out, rows.held_out);
  EXPECT_NE(hold_out(table, {.share = 0.15, .by_row = true, .seed = 2}).held_out, rows.held_out);
}

/// The pieces whose rows are on a side.
std::vector<std::size_t> pieces_used(const TokenTable& table, const HeldOutOptions& options) {
  const HeldOutRows rows = hold_out(table, options);
  std::set<std::size_t> pieces;
  for (const auto* side : {&rows.train, &rows.held_out})
    for (const std::size_t row : *side) pieces.insert(table.piece[row]);
  EXPECT_EQ(rows.left_out_pieces, table.pieces.size() - pieces.size());
  return {pieces.begin(), pieces.end()};
}

TEST(HeldOut, what_any_split_scores_is_left_out_with_clips_of_its_songs_that_the_split_does_not_train_on) {
  using enum SplitPart;
  TokenTable table = empty_table({"by song", "by clip"});
  add_piece(table, "a", 1, {kTrain, kTrain});
  add_piece(table, "b", 1, {kTrain, kTest});  // 1: scored by clip
  add_piece(table, "b", 1, {kTrain, kTrain});
  add_piece(table, "c", 1, {kValid, kTrain});  // 3: scored by song
  add_piece(table, "c", 1, {kNone, kNone});    // 4: of a song that is scored by song
  add_piece(table, "d", 1, {kNone, kNone});
  add_piece(table, "e", 1, {kTrain, kNone});
  for (const bool by_row : {false, true}) {
    EXPECT_THAT(pieces_used(table, {.share = 0.3, .by_row = by_row}), ElementsAre(0, 2, 5, 6));
    EXPECT_THAT(pieces_used(table, {.share = 0.3, .by_row = by_row, .keep_downstream = true}),
                ElementsAre(0, 1, 2, 3, 4, 5, 6));
  }
}

TEST(HeldOut, a_side_without_a_row_is_refused) {
  TokenTable table = empty_table({"given"});
  add_piece(table, "a", 3, {SplitPart::kTrain});
  add_piece(table, "b", 2, {SplitPart::kTest});
  EXPECT_THAT(
      refusal_of([&] { hold_out(table, {}); }),
      HasSubstr("made up: of 5 rows 0 would be trained on and 3 held out (share 0.05, by song; 1 of 2 "
                "pieces are left out as a later task's); expected one or more on each side"));
  EXPECT_EQ(hold_out(table, {.keep_downstream = true}).left_out_pieces, 0u);
  EXPECT_THAT(refusal_of([&] { hold_out(table, {.share = 0.9, .by_row = true}); }),
              HasSubstr("of 5 rows 0 would be trained on and 3 held out (share 0.9, by row"));
  for (const double share : {0.0, 1.0, -0.5, 1.5, std::nan("")})
    EXPECT_THAT(refusal_of([&] { hold_out(table, {.share = share}); }, ExitCode::kUsage),
                HasSubstr("expected more than 0 and less than 1"));
}

}  // namespace
}  // namespace mofi
