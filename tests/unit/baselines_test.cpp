#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "baselines/classical_run.h"
#include "baselines/classifiers.h"
#include "core/random.h"
#include "features/feature_list.h"
#include "refusal.h"
#include "small_corpus.h"
#include "training/dataset.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

int largest(std::span<const double> logits) {
  return static_cast<int>(std::ranges::max_element(logits) - logits.begin());
}

/// Three clouds on a circle, by label.
Examples clouds(int of_each, std::uint64_t seed = 1, const std::vector<int>& labels = {0, 1, 2}) {
  Examples examples{Matrix(labels.size() * static_cast<std::size_t>(of_each), 2), {}, 3};
  RandomStream stream(seed, "clouds");
  std::size_t r = 0;
  for (const int label : labels)
    for (int i = 0; i < of_each; ++i) {
      examples.features.row(r)[0] = 2 * std::cos(2.1 * label) + 0.4 * stream.normal();
      examples.features.row(r++)[1] = 2 * std::sin(2.1 * label) + 0.4 * stream.normal();
      examples.labels.push_back(label);
    }
  return examples;
}

struct System {
  const char* name;
  Matrix (*logits)(const Examples&, const Matrix&);
};
const System kSystems[] = {
    {"logistic", [](const Examples& e, const Matrix& s) { return logistic_logits(e, 1, s); }},
    {"linear_svm", [](const Examples& e, const Matrix& s) { return linear_svm_logits(e, 1, s); }},
    {"rbf_svm", [](const Examples& e, const Matrix& s) { return rbf_svm_logits(e, 1, 0.5, s); }},
    {"random_forest", [](const Examples& e, const Matrix& s) { return random_forest_logits(e, 50, 1, s); }},
};
class Classifiers : public testing::TestWithParam<System> {};
INSTANTIATE_TEST_SUITE_P(Systems, Classifiers, testing::ValuesIn(kSystems),
                         [](const auto& system) { return std::string(system.param.name); });

TEST_P(Classifiers, tell_clouds_apart_that_they_have_not_seen_the_same_every_time) {
  const Examples learned = clouds(30), others = clouds(30, 2);
  const Matrix logits = GetParam().logits(learned, others.features);
  ASSERT_EQ(logits.columns, 3U);
  int right = 0;
  for (std::size_t r = 0; r < logits.rows; ++r) right += largest(logits.row(r)) == others.labels[r] ? 1 : 0;
  EXPECT_GE(right, 88);
  EXPECT_EQ(GetParam().logits(learned, others.features).values, logits.values);
}

TEST_P(Classifiers, know_classes_by_their_numbers_whatever_order_they_come_in_and_never_guess_unseen_ones) {
  const Examples learned = clouds(20, 1, {2, 0}), others = clouds(20, 2, {0, 2});
  const Matrix logits = GetParam().logits(learned, others.features);
  int right = 0;
  for (std::size_t r = 0; r < logits.rows; ++r) {
    right += largest(logits.row(r)) == others.labels[r] ? 1 : 0;
    EXPECT_LT(logits.row(r)[1], std::min(logits.row(r)[0], logits.row(r)[2]) + 1e-12);
  }
  EXPECT_GE(right, 39);
}

TEST_P(Classifiers, give_what_the_majority_gives_where_there_is_one_class) {
  Examples learned = clouds(5, 1, {2});
  const Matrix logits = GetParam().logits(learned, clouds(1).features);
  EXPECT_EQ(logits.values, majority_logits(learned, 3).values);
  EXPECT_EQ(largest(logits.row(0)), 2);
}

TEST(Majority, gives_logarithms_of_shares_with_one_example_more_of_each_class) {
  const Examples examples{Matrix(5, 0), {1, 1, 3, 1, 0}, 4};
  const Matrix logits = majority_logits(examples, 2);
  EXPECT_THAT(logits.row(1),
              ElementsAre(std::log(2 / 9.0), std::log(4 / 9.0), std::log(1 / 9.0), std::log(2 / 9.0)));
}

TEST(Logistic, without_regularisation_finds_the_shares_of_classes_given_a_one_hot_mode) {
  // Of 10 major pieces 6, 3 and 1 are of the classes, of 10 minor ones 2, 2 and 6.
  Examples examples{Matrix(20, 2), {0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2}, 3};
  for (std::size_t r = 0; r < 20; ++r) examples.features.row(r)[r < 10 ? 0 : 1] = 1;
  Matrix modes(2, 2);
  modes.row(0)[0] = modes.row(1)[1] = 1;
  const Matrix logits = logistic_logits(examples, 1e5, modes);
  const double expected[2][3] = {{.6, .3, .1}, {.2, .2, .6}};
  for (std::size_t mode = 0; mode < 2; ++mode)
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(std::exp(logits.row(mode)[k]), expected[mode][k], 1e-3) << mode << k;
}

TEST(Logistic, with_strong_regularisation_still_finds_the_shares_of_all_classes) {
  Examples examples{Matrix(20, 1), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2}, 3};
  for (std::size_t r = 0; r < 20; ++r) examples.features.row(r)[0] = r % 2 == 0 ? 1 : -1;
  const Matrix logits = logistic_logits(examples, 0.05, Matrix(1, 1));
  EXPECT_NEAR(std::exp(logits.row(0)[0]), .6, 1e-6) << "constants are not regularised";
  EXPECT_NEAR(std::exp(logits.row(0)[2]), .1, 1e-6);
}

TEST(RandomForest, depends_on_its_seed_and_its_votes_add_up) {
  const Examples learned = clouds(20), others = clouds(20, 2);
  const auto forest = [&](std::uint64_t seed) {
    return random_forest_logits(learned, 20, seed, others.features);
  };
  const Matrix logits = forest(1);
  EXPECT_NE(logits.values, forest(2).values);
  for (std::size_t r = 0; r < others.features.rows; ++r) {
    double sum = 0;
    for (const double logit : logits.row(r)) sum += std::exp(logit);
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(Standardiser, takes_mean_and_spread_of_the_training_part_and_makes_constants_zero) {
  Matrix training(3, 2);
  training.values = {1, 7, 2, 7, 6, 7};
  Matrix other(1, 2);
  other.values = {3 + std::sqrt(14 / 3.0), 9};
  const Standardiser standardise(training);
  standardise.apply(other);
  EXPECT_NEAR(other.values[0], 1, 1e-12);
  EXPECT_EQ(other.values[1], 0);
}

struct Inputs {
  TokenTable tokens = small_corpus(64);
  ModeTable modes = small_modes(tokens);
  FeatureTable features;
  RunInputs run_inputs;

  Inputs() {
    for (const Feature& feature : feature_list()) features.names.push_back(feature.name);
    for (const TokenPiece& piece : tokens.pieces) {
      RandomStream stream(3, piece.id);
      std::vector<float> values;
      for (std::size_t k = 0; k < kFeatures; ++k)
        values.push_back(
            static_cast<float>(stream.normal() + (k % 4 == static_cast<std::size_t>(piece.label))));
      features.pieces.push_back({piece.id, piece.midi_sha256, values});
    }
    features.header.content_sha256 = content_digest(features);
    run_inputs = {&tokens, &modes};
    run_inputs.features = &features;
  }
};

RunConfig run_of(const std::string& system) {
  RunConfig config = small_run();
  config.system = system;
  config.data.evaluate = {"test"};
  config.classifier.trees = 20;
  complete(config);
  return config;
}

class ClassicalRun : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Systems, ClassicalRun, testing::ValuesIn(classical_systems()),
                         [](const auto& system) { return system.param; });

TEST_P(ClassicalRun, predicts_the_rows_that_a_neural_run_predicts_with_their_pieces_and_modes) {
  const Inputs inputs;
  RunConfig config = run_of(GetParam());
  const RunResult result = classical_run(config, inputs.run_inputs);
  const Dataset dataset = make_dataset(inputs.tokens, &inputs.modes, config);
  const auto rows = dataset.rows_in({"test"});
  ASSERT_EQ(result.predictions.rows(), rows.size());
  EXPECT_EQ(result.predictions.classes, 4);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t piece = dataset.rows[rows[i]].piece;
    EXPECT_EQ(result.predictions.label[i], inputs.tokens.pieces[piece].label);
    EXPECT_EQ(result.predictions.piece_id[result.predictions.piece[i]], inputs.tokens.pieces[piece].id);
    EXPECT_EQ(result.predictions.mode[result.predictions.piece[i]], piece % 2 == 0 ? kMajor : kMinor);
  }
  for (const float logit : result.predictions.logits) EXPECT_TRUE(std::isfinite(logit));
  EXPECT_EQ(result.metrics["test"]["rows"], rows.size());
  EXPECT_EQ(classical_run(config, inputs.run_inputs).predictions.logits, result.predictions.logits);
}

TEST_P(ClassicalRun, learns_nothing_from_the_pieces_that_it_is_scored_on) {
  Inputs inputs;
  const RunConfig config = run_of(GetParam());
  const auto before = classical_run(config, inputs.run_inputs).predictions;
  std::size_t spoilt = 0;  // of the pieces outside the training part, all but one lose label and features
  for (std::size_t p = 0; p < inputs.tokens.pieces.size(); ++p) {
    TokenPiece& piece = inputs.tokens.pieces[p];
    if (piece.split[0] == SplitPart::kTrain || piece.id == before.piece_id.front()) continue;
    piece.label = (piece.label + 1) % 4;
    for (float& value : inputs.features.pieces[p].values) value = 1e6F;
    ++spoilt;
  }
  ASSERT_GT(spoilt, before.pieces() - 1);
  const auto after = classical_run(config, inputs.run_inputs).predictions;
  for (int k = 0; k < 4; ++k)
    EXPECT_EQ(after.logits[static_cast<std::size_t>(k)], before.logits[static_cast<std::size_t>(k)]);
}

TEST(ClassicalRun, learns_from_every_piece_once_and_gives_all_rows_of_a_piece_its_logits) {
  Inputs inputs;
  TokenTable& tokens = inputs.tokens;
  // Every second piece gets a second row, as long pieces have.
  const TokenTable before = tokens;
  tokens.words.clear();
  tokens.length.clear();
  tokens.piece.clear();
  for (std::size_t r = 0; r < before.rows(); ++r)
    for (std::size_t copy = 0; copy <= r % 2; ++copy) {
      const auto row = before.row(r);
      tokens.words.insert(tokens.words.end(), row.begin(), row.end());
      tokens.length.push_back(before.length[r]);
      tokens.piece.push_back(before.piece[r]);
    }
  RunConfig first = run_of("logistic"), all = first;
  all.data.rows = "all";
  const auto of_first = classical_run(first, inputs.run_inputs).predictions;
  const auto of_all = classical_run(all, inputs.run_inputs).predictions;
  ASSERT_EQ(of_first.pieces(), of_all.pieces());
  ASSERT_GT(of_all.rows(), of_first.rows());
  for (std::size_t r = 0; r < of_all.rows(); ++r)
    for (std::size_t k = 0; k < 4; ++k)
      EXPECT_EQ(of_all.logits[4 * r + k], of_first.logits[4 * of_all.piece[r] + k]);
}

TEST(ClassicalRun, sees_the_features_that_it_is_told_and_no_others) {
  Inputs inputs;
  RunConfig config = run_of("logistic");
  config.classifier.features = {"density", "pitch_mean"};
  const auto before = classical_run(config, inputs.run_inputs).predictions.logits;
  const auto change = [&](const std::string& name) {
    const auto place = std::ranges::find(inputs.features.names, name) - inputs.features.names.begin();
    for (PieceFeatures& piece : inputs.features.pieces) {
      float& value = piece.values[static_cast<std::size_t>(place)];
      value = value * value;
    }
    return classical_run(config, inputs.run_inputs).predictions.logits;
  };
  EXPECT_EQ(change("velocity_mean"), before);
  EXPECT_EQ(change("pitch_sd"), before);
  EXPECT_NE(change("pitch_mean"), before);
}

TEST(ClassicalRun, of_mode_only_sees_the_mode_and_of_majority_nothing) {
  Inputs inputs;
  const auto mode = std::ranges::find(inputs.features.names, "mode") - inputs.features.names.begin();
  for (std::size_t p = 0; p < inputs.features.pieces.size(); ++p) {
    auto& values = inputs.features.pieces[p].values;
    std::ranges::fill(values, 0.0F);
    values[static_cast<std::size_t>(mode)] = p % 2 == 0 ? 0 : 1;
    inputs.tokens.pieces[p].label = p % 2 == 0 ? 3 : 1;
  }
  EXPECT_EQ(classical_run(run_of("mode_only"), inputs.run_inputs).metrics["test"]["accuracy"], 1.0);
  RunInputs without = inputs.run_inputs;
  without.features = nullptr;
  EXPECT_EQ(classical_run(run_of("majority"), without).metrics["test"]["accuracy"], 0.5);
}

TEST(ClassicalRun, without_features_or_with_those_of_other_files_is_refused) {
  Inputs inputs;
  RunInputs without = inputs.run_inputs;
  without.features = nullptr;
  EXPECT_THAT(refusal_of([&] { classical_run(run_of("logistic"), without); }, ExitCode::kUsage),
              HasSubstr("system is logistic, which needs a feature file"));
  inputs.features.pieces[0].midi_sha256 = std::string(64, 'f');
  EXPECT_THAT(refusal_of([&] { classical_run(run_of("rbf_svm"), inputs.run_inputs); }),
              HasSubstr("tokens and features of piece_000.mid were made from different MIDI files"));
  inputs.features.names = {"something_else"};
  EXPECT_THAT(refusal_of([&] { classical_run(run_of("mode_only"), inputs.run_inputs); }, ExitCode::kUsage),
              HasSubstr("'mode' is no feature"));
}

TEST(ClassicalRun, beats_the_majority_on_features_that_tell_the_class) {
  const Inputs inputs;
  const auto accuracy = [&](const char* system) {
    return classical_run(run_of(system), inputs.run_inputs).metrics["test"]["accuracy"].get<double>();
  };
  for (const char* system : {"logistic", "linear_svm", "rbf_svm", "random_forest"})
    EXPECT_GE(accuracy(system), accuracy("majority") + 0.3) << system;
}

}  // namespace
}  // namespace mofi
