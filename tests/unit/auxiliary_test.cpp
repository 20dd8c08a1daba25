// Targets beside the labels: what they are after a shift, and what they do to a training.

#include "training/auxiliary.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "refusal.h"
#include "small_corpus.h"
#include "training/fine_tune.h"
#include "training/model_input.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using torch::Tensor;

struct Music {
  TokenTable tokens = small_corpus(44);
  ModeTable modes = small_modes(tokens);
  RunInputs inputs() const { return {&tokens, &modes}; }
};

RunConfig auxiliary_run() {
  RunConfig config = small_run();
  config.training.auxiliary = {"tonic", "key", "mode"};
  complete(config);
  return config;
}

RunOutcome outcome_of(const RunConfig& config, const RunInputs& inputs) {
  return fine_tune(World::alone(), config, inputs, torch::kCPU);
}

/// But for rounding: the gradient's norm is summed over other heads, too.
void expect_same_logits(const RunOutcome& found, const RunOutcome& expected) {
  const auto &a = found.predictions.logits, &b = expected.predictions.logits;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4) << i;
}

TEST(Auxiliary, targets_are_the_key_after_the_shift_and_nothing_where_it_is_undefined) {
  Music music;
  music.modes.pieces[4].mode = kUndefinedMode;
  const RunConfig config = auxiliary_run();
  ASSERT_THAT(config.training.auxiliary, testing::ElementsAre("key", "mode", "tonic")) << "in one order";
  const Dataset dataset = make_dataset(music.tokens, &music.modes, config);
  const RowTensors tensors = row_tensors(dataset, torch::kCPU);
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < dataset.rows.size(); ++r)
    if (dataset.rows[r].piece < 16) rows.push_back(r);
  ASSERT_EQ(rows.size(), 16U);
  for (const int shift : {-13, -6, 0, 5}) {
    const std::vector<int> shifts(rows.size(), shift);
    BatchLayout layout;
    layout.recorded_rows = 20;  // some without words
    const ToldBatch told = tell(dataset, rows, shifts, {}, layout);
    const auto labels = auxiliary_labels_of(tensors, told.shape, torch::tensor(told.numbers));
    ASSERT_EQ(labels.size(), 3U);
    for (std::size_t i = 0; i < 20; ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const auto label = [&](std::size_t task) { return labels[task][at].item<std::int64_t>(); };
      if (i >= rows.size() || dataset.rows[rows[i]].piece == 4) {
        for (std::size_t task = 0; task < 3; ++task) EXPECT_EQ(label(task), kNoLabel) << i;
        continue;
      }
      const PieceMode& key = music.modes.pieces[dataset.rows[rows[i]].piece];
      const int tonic = (key.tonic + shift + 24) % 12;
      EXPECT_EQ(label(0), 12 * key.mode + tonic) << i;
      EXPECT_EQ(label(1), key.mode) << i;
      EXPECT_EQ(label(2), tonic) << i;
    }
  }
}

TEST(Auxiliary, tasks_are_learned_beside_the_labels_and_not_scored) {
  const Music music;
  RunConfig config = auxiliary_run();
  config.training.epochs = 40;
  config.training.learning_rate = 1e-2;
  config.training.auxiliary_weight = 1;
  config.training.transpose_down = config.training.transpose_up = 0;
  config.model.hidden_dropout = config.model.attention_dropout = 0;
  for (const char* system : {kMidiBert, kLstmAttn}) {
    config.system = system;
    config.recurrent.embedding_width = 12;
    config.recurrent.hidden = 8;
    RunConfig run = config;
    complete(run);
    const RunOutcome outcome = outcome_of(run, music.inputs());
    const Json &first = outcome.history.front(), &last = outcome.history.back();
    for (const char* task : {"key", "mode", "tonic"})
      EXPECT_LT(last["auxiliary_loss"][task].get<double>(), 0.7 * first["auxiliary_loss"][task].get<double>())
          << system << ", " << task;
    EXPECT_LT(last["loss"].get<double>(), first["loss"].get<double>());
    EXPECT_EQ(outcome.predictions.classes, 4);
  }
}

TEST(Auxiliary, of_weight_0_they_leave_the_training_as_it_is) {
  const Music music;
  RunConfig with = auxiliary_run();
  with.training.auxiliary_weight = 0;
  RunConfig without = small_run();
  complete(without);
  const RunOutcome a = outcome_of(with, music.inputs()), b = outcome_of(without, music.inputs());
  expect_same_logits(a, b);
  EXPECT_NEAR(a.history.back()["loss"].get<double>(), b.history.back()["loss"].get<double>(), 1e-5)
      << "the labels' alone";
  with.training.auxiliary_weight = 0.5;
  EXPECT_GT(std::abs(outcome_of(with, music.inputs()).predictions.logits[0] - b.predictions.logits[0]), 1e-3);
}

TEST(Auxiliary, undefined_keys_teach_nothing) {
  Music music;
  for (PieceMode& piece : music.modes.pieces) piece.mode = kUndefinedMode;
  const RunConfig config = auxiliary_run();
  const RunOutcome outcome = outcome_of(config, music.inputs());
  EXPECT_EQ(outcome.history.back()["auxiliary_loss"]["key"].get<double>(), 0);
  RunConfig without = small_run();
  complete(without);
  expect_same_logits(outcome, outcome_of(without, music.inputs()));
}

TEST(Auxiliary, without_a_mode_file_nothing_is_learned_but_all_is_scored) {
  const Music music;
  const RunConfig config = auxiliary_run();
  EXPECT_THAT(refusal_of(
                  [&] {
                    outcome_of(config, {&music.tokens, nullptr});
                  },
                  ExitCode::kUsage),
              HasSubstr("training.auxiliary is key, mode, tonic, which needs a mode file"));
  const Dataset whole = whole_table(music.tokens, nullptr, config);
  const Classifier model = make_model(config, music.tokens.scheme, 4, torch::kCPU);
  const Tensor logits =
      score_rows(World::alone(), model, whole, whole.rows_in({"test"}), Padding::kMasked, torch::kCPU);
  EXPECT_EQ(logits.size(1), 4);
}

TEST(Auxiliary, without_tasks_their_weight_has_no_effect_and_twice_named_ones_are_refused) {
  RunConfig a = small_run(), b = small_run();
  b.training.auxiliary_weight = 3;
  complete(a);
  complete(b);
  EXPECT_EQ(config_to_json(a, true), config_to_json(b, true));
  b.training.auxiliary = {"key", "mode", "key"};
  EXPECT_THAT(refusal_of([&] { complete(b); }, ExitCode::kUsage), HasSubstr("names a task twice"));
}

}  // namespace
}  // namespace mofi
