#include "statistics/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden/statistics_numbers.h"
#include "statistics/scores.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

ConfusionMatrix matrix_of(const std::vector<int>& labels, const std::vector<int>& predicted) {
  ConfusionMatrix matrix;
  for (std::size_t i = 0; i < labels.size(); ++i) matrix.add(labels[i], predicted[i]);
  return matrix;
}

/// Rows of a single piece each, unless `piece` says otherwise; label 0, mode major.
Predictions predictions_of(std::vector<std::vector<float>> logits, std::vector<std::uint32_t> piece) {
  Predictions p;
  std::vector<std::uint32_t> next(piece.size(), 0);
  for (std::size_t r = 0; r < piece.size(); ++r) {
    p.logits.insert(p.logits.end(), logits[r].begin(), logits[r].end());
    p.label.push_back(0);
    p.segment_index.push_back(next[piece[r]]++);
    while (p.piece_id.size() <= piece[r]) p.piece_id.push_back("piece" + std::to_string(p.piece_id.size()));
  }
  p.piece = std::move(piece);
  p.group = p.piece_id;
  p.mode.assign(p.pieces(), 0);
  p.split.assign(p.pieces(), "test");
  return p;
}

// sklearn.metrics of scikit-learn 1.9.1: accuracy_score, f1_score(average="macro"),
// f1_score(average="weighted") of
//   y = [(i * 7 + i // 5) % 4 for i in range(60)]; p = [y[i] if i % 3 else (i * 5 + 1) % 4 for i in
//   range(60)]
// and accuracy_score of the same with the quadrants folded to valence {0, 3} and to arousal {0, 1}.
TEST(Metrics, agree_with_scikit_learn) {
  std::vector<int> labels, predicted;
  for (int i = 0; i < 60; ++i) {
    labels.push_back((i * 7 + i / 5) % 4);
    predicted.push_back(i % 3 != 0 ? labels.back() : (i * 5 + 1) % 4);
  }
  const ConfusionMatrix matrix = matrix_of(labels, predicted);
  EXPECT_EQ(matrix.count, (std::vector<std::int64_t>{18, 2, 2, 2, 1, 9, 1, 1, 1, 1, 9, 1, 1, 1, 1, 9}));
  EXPECT_DOUBLE_EQ(accuracy(matrix), 0.75);
  EXPECT_DOUBLE_EQ(macro_f1(matrix), 0.74);
  EXPECT_DOUBLE_EQ(weighted_f1(matrix), 0.7520000000000001);
  EXPECT_DOUBLE_EQ(valence_accuracy(matrix), 0.8333333333333334);
  EXPECT_DOUBLE_EQ(arousal_accuracy(matrix), 0.8333333333333334);
}

// scikit-learn 1.9.1 again: class 2 is predicted but never a label and counts with F1 0; class 3 is neither.
TEST(Metrics, macro_F1_is_over_the_classes_that_occur_as_in_scikit_learn) {
  const ConfusionMatrix matrix = matrix_of({0, 0, 1, 1, 1, 0, 1, 0}, {0, 2, 1, 1, 0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(accuracy(matrix), 0.625);
  EXPECT_DOUBLE_EQ(macro_f1(matrix), 0.44047619047619047);
  EXPECT_DOUBLE_EQ(weighted_f1(matrix), 0.6607142857142857);
}

TEST(Metrics, valence_and_arousal_are_the_halves_of_russells_circle) {
  // Q1 taken for Q4 (arousal wrong), Q1 for Q2 (valence wrong), Q3 for Q2 (arousal wrong), Q2 for Q4 (both
  // wrong).
  const ConfusionMatrix matrix = matrix_of({0, 0, 2, 1}, {3, 1, 1, 3});
  EXPECT_DOUBLE_EQ(accuracy(matrix), 0.0);
  EXPECT_DOUBLE_EQ(valence_accuracy(matrix), 0.5);
  EXPECT_DOUBLE_EQ(arousal_accuracy(matrix), 0.25);
}

TEST(Metrics, of_nothing_are_undefined) {
  const ConfusionMatrix nothing;
  EXPECT_TRUE(std::isnan(accuracy(nothing)));
  EXPECT_TRUE(std::isnan(macro_f1(nothing)));
  EXPECT_TRUE(std::isnan(weighted_f1(nothing)));
  EXPECT_TRUE(std::isnan(valence_accuracy(nothing)));
  EXPECT_TRUE(std::isnan(mode_agreement(Scores())));
}

TEST(Metrics, quadrants_need_four_classes) {
  ConfusionMatrix two(2);
  two.add(0, 0);
  EXPECT_DOUBLE_EQ(accuracy(two), 1.0);
  EXPECT_TRUE(std::isnan(valence_accuracy(two)));
}

TEST(Metrics, pool_counts_and_not_averages) {
  ConfusionMatrix small = matrix_of({0}, {0}), large = matrix_of({0, 1, 2}, {1, 2, 3});
  small += large;
  EXPECT_DOUBLE_EQ(accuracy(small), 0.25);  // the mean of the two accuracies would be 0.5
  EXPECT_NE(error_of([&] { small += ConfusionMatrix(2); }).find("cannot be pooled"), std::string::npos);
}

TEST(Metrics, a_piece_is_scored_once_by_the_sum_of_its_segments) {
  // Two weak votes for class 1 against one strong one for class 0.
  const Predictions p = predictions_of({{3, 0, 0, 0}, {0, 1, 0, 0}, {0, 1, 0, 0}}, {0, 0, 0});
  const std::vector<Outcome> by_piece = outcomes(p);
  ASSERT_EQ(by_piece.size(), 1U);
  EXPECT_EQ(by_piece[0].predicted, 0);
  EXPECT_DOUBLE_EQ(accuracy(score(p).confusion), 1.0);
  EXPECT_DOUBLE_EQ(accuracy(score(p, {}, ScoredUnit::kRow).confusion), 1.0 / 3);
}

TEST(Metrics, a_song_is_scored_once_a_label_by_the_sum_of_its_clips) {
  Predictions p = predictions_of({{3, 0, 0, 0}, {0, 1, 0, 0}, {0, 4, 0, 0}, {0, 0, 1, 0}}, {0, 1, 2, 3});
  p.group = {"x", "x", "x", "y"};
  p.label = {0, 0, 1, 2};
  const std::vector<Outcome> by_song = outcomes(p, {}, ScoredUnit::kSong);
  ASSERT_EQ(by_song.size(), 3U);
  EXPECT_EQ(by_song[0].predicted, 0);  // 3 against 1
  EXPECT_EQ(by_song[1].predicted, 1);  // the clip of label 1 is not asked with them
  EXPECT_EQ(by_song[2].predicted, 2);
  EXPECT_DOUBLE_EQ(accuracy(score(p, {}, ScoredUnit::kSong).confusion), 1.0);
  EXPECT_DOUBLE_EQ(accuracy(score(p).confusion), 0.75);
}

TEST(Metrics, confidence_is_the_softmax_of_the_mean_logits_of_a_pieces_rows) {
  const Predictions p = predictions_of({{2, 0, 0, 0}, {0, 0, 0, 0}}, {0, 0});
  EXPECT_NEAR(outcomes(p).front().confidence, std::exp(1.0) / (std::exp(1.0) + 3), 1e-12);
}

// Bins and confidences as Guo et al. have them, counted with numpy.
TEST(Metrics, calibration_error_is_the_mean_gap_of15_bins) {
  Calibration calibration, half;
  for (std::size_t i = 0; i < golden::kConfidences.size(); ++i)
    (i % 2 == 0 ? calibration : half).add(golden::kConfidences[i], golden::kRight[i] == 1);
  calibration += half;
  EXPECT_NEAR(expected_calibration_error(calibration), golden::kCalibrationError, 1e-12);
  EXPECT_TRUE(std::isnan(expected_calibration_error({})));
  Calibration sure;
  sure.add(1.0, true);
  sure.add(0.0, false);
  EXPECT_EQ(expected_calibration_error(sure), 0);
}

TEST(Metrics, summed_logits_decide_as_averaged_log_probabilities_do) {
  RandomStream stream(1, "segments");
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<std::vector<float>> logits(5, std::vector<float>(4));
    for (auto& row : logits)
      for (float& logit : row) logit = static_cast<float>(3 * stream.normal());
    std::vector<double> log_probability(4, 0.0);
    for (const auto& row : logits) {
      double total = 0;
      for (const float logit : row) total += std::exp(static_cast<double>(logit));
      for (std::size_t c = 0; c < 4; ++c) log_probability[c] += static_cast<double>(row[c]) - std::log(total);
    }
    const auto largest = std::max_element(log_probability.begin(), log_probability.end());
    EXPECT_EQ(outcomes(predictions_of(logits, {0, 0, 0, 0, 0})).front().predicted,
              largest - log_probability.begin());
  }
}

TEST(Metrics, ties_go_to_the_lower_class) {
  EXPECT_EQ(outcomes(predictions_of({{0, 2, 2, 1}}, {0})).front().predicted, 1);
}

TEST(Metrics, only_the_splits_asked_for_are_scored) {
  Predictions p = predictions_of({{1, 0, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}}, {0, 1, 2});
  p.split = {"valid", "test", "train"};
  EXPECT_EQ(score(p).confusion.total(), 3);
  EXPECT_EQ(score(p, {"test"}).confusion.total(), 1);
  EXPECT_DOUBLE_EQ(accuracy(score(p, {"valid", "test"}).confusion), 0.5);
  EXPECT_EQ(score(p, {"fold"}).confusion.total(), 0);
}

TEST(Metrics, rows_without_a_label_are_not_scored) {
  Predictions p = predictions_of({{1, 0, 0, 0}, {1, 0, 0, 0}}, {0, 1});
  p.label[1] = -1;
  EXPECT_EQ(score(p).confusion.total(), 1);
}

TEST(Metrics, mode_agreement_leaves_out_undefined_modes) {
  Predictions p = predictions_of({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}, {0, 1, 2, 3});
  p.mode = {0, 0, 1, 255};  // high and major, low but major, low and minor, undefined
  const Scores scores = score(p);
  EXPECT_EQ(scores.with_mode, 3);
  EXPECT_DOUBLE_EQ(mode_agreement(scores), 2.0 / 3);
}

TEST(Metrics, do_not_depend_on_the_order_of_rows) {
  const Predictions p = predictions_of({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 9, 0}}, {0, 1, 1});
  Predictions reversed = predictions_of({{0, 0, 9, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}}, {1, 1, 0});
  EXPECT_EQ(score(p).confusion.count, score(reversed).confusion.count);
}

TEST(Metrics, as_json_undefined_is_null) {
  Scores two(ConfusionMatrix(2));
  two.add(0, 0, 0.9, 0);
  const Json json = to_json(two);
  EXPECT_EQ(json.at("count"), 1);
  EXPECT_EQ(json.at("accuracy"), 1.0);
  EXPECT_TRUE(json.at("valence_accuracy").is_null());
}

TEST(Metrics, four_classes_that_are_no_quadrants_have_no_valence_arousal_or_mode_agreement) {
  Predictions predictions;
  predictions.class_names = {"calm", "sad", "glad", "mad"};
  predictions.logits = {9, 0, 0, 0};
  predictions.label = {0};
  predictions.piece = {0};
  predictions.segment_index = {0};
  predictions.piece_id = {"a.mid"};
  predictions.group = {"a"};
  predictions.mode = {0};
  predictions.split = {"test"};
  EXPECT_EQ(accuracy(score(predictions).confusion), 1);
  EXPECT_TRUE(std::isnan(valence_accuracy(score(predictions).confusion)));
  EXPECT_TRUE(std::isnan(mode_agreement(score(predictions))));
  predictions.class_names = {"Q1", "Q2", "Q3", "Q4"};
  EXPECT_EQ(valence_accuracy(score(predictions).confusion), 1);
}

}  // namespace
}  // namespace mofi
