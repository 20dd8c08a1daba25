#include "training/conditions.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "small_corpus.h"
#include "training/dataset.h"
#include "training/model_input.h"

namespace mofi {
namespace {

using testing::ElementsAre;

struct Music {
  TokenTable tokens = small_corpus(24);
  ModeTable modes = small_modes(tokens);
  FeatureTable features = small_features(tokens);

  ConditionTable told_features(const std::vector<std::string>& names) const {
    RunConfig config = small_run();
    config.injection.condition = "features";
    config.injection.features = names;
    return make_dataset(tokens, nullptr, config, &features).condition;
  }
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
  for (const std::string& condition : condition_names()) {
    if (condition == "features") continue;  // is told which
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

TEST(Conditions, of_features_are_standard_scores_of_the_file_s_numbers_without_a_mode_file) {
  const Music music;
  const ConditionTable table = music.told_features({"velocity_mean", "density"});
  EXPECT_EQ(table.width, 3);
  EXPECT_EQ(table.turning, 0);
  const auto names = feature_names();
  const auto at = static_cast<std::size_t>(std::ranges::find(names, "velocity_mean") - names.begin());
  const std::size_t row = 5, piece = music.tokens.piece[row];
  EXPECT_FLOAT_EQ(table.row(row)[2], (music.features.pieces[piece].values[at] - 65) / 16) << "mean 65, SD 16";
}

TEST(Conditions, of_features_move_with_the_music_as_those_of_the_transposed_music_do) {
  const Music music;
  RunConfig config = small_run();
  config.injection.condition = "features";
  config.injection.features = {"pitch_classes", "register", "mode"};
  const auto told = [&](const FeatureTable& features, int shift) {
    const std::vector<std::size_t> rows = {0, 1, 2};
    const Dataset dataset = make_dataset(music.tokens, nullptr, config, &features);
    return make_input(dataset, rows, std::vector<int>(3, shift), Padding::kMasked, torch::kCPU).condition_SK;
  };
  FeatureTable higher = music.features;
  for (PieceFeatures& piece : higher.pieces) {
    std::rotate(piece.values.begin(), piece.values.begin() + 12 - 3, piece.values.begin() + 12);
    const auto names = feature_names();
    piece.values[static_cast<std::size_t>(std::ranges::find(names, "pitch_mean") - names.begin())] += 3;
  }
  EXPECT_FALSE(torch::allclose(told(music.features, 0), told(higher, 0)));
  EXPECT_TRUE(torch::allclose(told(music.features, 3), told(higher, 0), 1e-5, 1e-5));
}

TEST(Conditions, of_features_that_do_not_exist_or_cannot_be_transposed_are_refused) {
  const auto refusal = [](const std::vector<std::string>& names) {
    RunConfig config = small_run();
    config.injection.condition = "features";
    config.injection.features = names;
    const auto problem = find_problem(config);
    return problem ? problem->field + " " + problem->sentence : "";
  };
  EXPECT_THAT(refusal({"velocity"}), testing::IsEmpty());
  EXPECT_THAT(refusal({}),
              testing::HasSubstr("injection.features injection.features: no features are named"));
  EXPECT_THAT(refusal({"speed"}), testing::HasSubstr("'speed' is no feature"));
  EXPECT_THAT(refusal({"pitch_class_0", "mode"}), testing::HasSubstr("cannot be transposed"));
  RunConfig config = small_run();
  config.injection = {.condition = "features", .features = {"mode"}};
  EXPECT_TRUE(needs_features(config));
  const Music music;
  EXPECT_THROW(make_dataset(music.tokens, &music.modes, config), Error) << "no feature file";
}

}  // namespace
}  // namespace mofi
