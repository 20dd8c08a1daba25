#include "training/conditions.h"

#include <gmock/gmock.h>

#include "small_corpus.h"
#include "training/dataset.h"

namespace mofi {
namespace {

using testing::ElementsAre;

struct Music {
  TokenTable tokens = small_corpus(24);
  ModeTable modes = small_modes(tokens);

  ConditionTable told(const std::string& condition, std::uint64_t seed = 1) const {
    RunConfig config = small_run();
    config.injection.condition = condition;
    config.seed = seed;
    return make_dataset(tokens, &modes, config).condition;
  }
};

std::vector<float> one_of(std::size_t count, std::size_t place) {
  std::vector<float> numbers(count, 0);
  numbers[place] = 1;
  return numbers;
}

TEST(Conditions, have_as_many_numbers_as_the_model_is_made_for) {
  const Music music;
  for (const char* condition : {"mode", "mode_confidence", "key", "correlations", "profile", "constant",
                                "shuffled", "random", "labels"}) {
    const ConditionTable table = music.told(condition);
    EXPECT_EQ(table.width, condition_width({.condition = condition}, 4)) << condition;
    EXPECT_EQ(table.values.size(), music.tokens.rows() * static_cast<std::size_t>(table.width)) << condition;
    EXPECT_LE(table.turning, table.width) << condition;
  }
  EXPECT_EQ(music.told("none"), ConditionTable{});
}

TEST(Conditions, of_a_key_are_its_place_among_major_then_minor_keys) {
  Music music;
  music.modes.pieces[1].mode = kUndefinedMode;
  const ConditionTable table = music.told("key");
  EXPECT_EQ(table.turning, 24);
  EXPECT_THAT(table.row(2), testing::ElementsAreArray(one_of(24, 2))) << "D major";
  EXPECT_THAT(table.row(3), testing::ElementsAreArray(one_of(24, 12 + 3))) << "E flat minor";
  EXPECT_THAT(table.row(1), testing::Each(1.0F / 24));
}

TEST(Conditions, of_correlations_confidence_and_profile_are_the_numbers_of_the_mode_file) {
  Music music;
  PieceMode& piece = music.modes.pieces[3];
  for (int i = 0; i < 24; ++i) piece.correlation[static_cast<std::size_t>(i)] = static_cast<float>(i) / 24;
  piece.margin = 0.25F;
  piece.profile[7] = 0.5F;
  EXPECT_THAT(music.told("correlations").row(3), testing::ElementsAreArray(piece.correlation));
  EXPECT_THAT(music.told("mode_confidence").row(3), ElementsAre(0, 1, 0.25F));
  EXPECT_EQ(music.told("mode_confidence").turning, 0);
  EXPECT_EQ(music.told("profile").row(3)[7], 6.0F) << "12 times its share";
}

TEST(Conditions, of_labels_are_the_answer) {
  const Music music;
  const ConditionTable table = music.told("labels");
  for (std::size_t r = 0; r < music.tokens.rows(); ++r) {
    const auto label = static_cast<std::size_t>(music.tokens.pieces[music.tokens.piece[r]].label);
    EXPECT_THAT(table.row(r), testing::ElementsAreArray(one_of(4, label)));
  }
}

TEST(Conditions, at_random_are_modes_by_a_coin_that_the_seed_throws_and_no_file_decides) {
  Music music;
  const ConditionTable first = music.told("random"), second = music.told("random", 2);
  EXPECT_NE(first, second);
  for (PieceMode& piece : music.modes.pieces) piece.mode = kMajor;
  EXPECT_EQ(music.told("random"), first);
  float majors = 0;
  for (std::size_t r = 0; r < music.tokens.rows(); ++r) majors += first.row(r)[0];
  EXPECT_GT(majors, 4);
  EXPECT_LT(majors, 20);
}

}  // namespace
}  // namespace mofi
