#include "tonality/parallel_mode.h"

#include <gmock/gmock.h>

namespace mofi {
namespace {

using testing::ElementsAre;

/// A row of these MIDI pitches, then padding.
std::vector<std::uint8_t> row_of(const std::vector<int>& pitches) {
  const TokenScheme scheme = token_scheme("cp4");
  std::vector<std::uint8_t> row;
  for (const int pitch : pitches)
    for (const int id : {0, 0, pitch - scheme.lowest_pitch, 5}) row.push_back(static_cast<std::uint8_t>(id));
  for (const TokenColumn& column : scheme.columns) row.push_back(static_cast<std::uint8_t>(column.pad));
  return row;
}

std::vector<int> pitches_after(const std::vector<int>& pitches, const Key& key) {
  const TokenScheme scheme = token_scheme("cp4");
  std::vector<std::uint8_t> row = row_of(pitches);
  to_parallel_mode(row, scheme, key);
  EXPECT_EQ(row[row.size() - 2], scheme.columns[2].pad) << "padding stays";
  std::vector<int> after;
  for (std::size_t i = 0; i < pitches.size(); ++i) after.push_back(row[4 * i + 2] + scheme.lowest_pitch);
  return after;
}

TEST(ParallelMode, of_d_major_lowers_its_third_sixth_and_seventh_and_nothing_else) {
  EXPECT_THAT(pitches_after({62, 64, 66, 67, 69, 71, 73, 74}, {2, kMajor}),
              ElementsAre(62, 64, 65, 67, 69, 70, 72, 74));
}

TEST(ParallelMode, of_a_minor_raises_them_and_leaves_a_leading_note_alone) {
  EXPECT_THAT(pitches_after({57, 60, 65, 67, 68}, {9, kMinor}), ElementsAre(57, 61, 66, 68, 68));
}

TEST(ParallelMode, of_the_parallel_mode_is_the_scale_again_and_of_no_key_changes_nothing) {
  const std::vector<int> scale = {60, 62, 64, 65, 67, 69, 71, 72};
  EXPECT_EQ(pitches_after(pitches_after(scale, {0, kMajor}), {0, kMinor}), scale);
  EXPECT_EQ(pitches_after(scale, {}), scale);
}

TEST(ParallelMode, leaves_a_note_that_would_leave_the_vocabulary) {
  EXPECT_THAT(pitches_after({22, 34}, {18 % 12, kMajor}), ElementsAre(21 + 1, 33)) << "B flat is its third";
}

TEST(ParallelMode, of_a_key_has_the_other_mode_the_moved_profile_and_its_correlations) {
  PieceMode piece;
  piece.tonic = 0;
  piece.mode = kMajor;
  piece.profile = {0.3F, 0, 0.1F, 0, 0.2F, 0.05F, 0, 0.2F, 0, 0.05F, 0, 0.1F};
  const PieceMode parallel = parallel_of(piece, key_profile("krumhansl_kessler"));
  EXPECT_EQ(parallel.tonic, 0);
  EXPECT_EQ(parallel.mode, kMinor);
  EXPECT_THAT(parallel.profile,
              testing::Pointwise(testing::FloatEq(), std::vector<float>{0.3F, 0, 0.1F, 0.2F, 0, 0.05F, 0,
                                                                        0.2F, 0.05F, 0, 0.1F, 0}));
  EXPECT_EQ(std::ranges::max_element(parallel.correlation) - parallel.correlation.begin(), 12) << "C minor";
  EXPECT_GT(parallel.margin, 0);
  piece.mode = kUndefinedMode;
  EXPECT_EQ(parallel_of(piece, key_profile("krumhansl_kessler")).profile, piece.profile);
}

}  // namespace
}  // namespace mofi
