#include "training/optimizer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "small_corpus.h"
#include "training/fine_tune.h"

namespace mofi {
namespace {

TEST(AdamW, steps_equal_those_of_the_library_optimiser) {
  torch::manual_seed(1);
  const torch::Tensor start = torch::randn({7, 3}), gradient = torch::randn({7, 3});
  torch::Tensor ours = start.clone().requires_grad_(), theirs = start.clone().requires_grad_();
  AdamW optimizer({ours}, 0.05);
  torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(1e-2).weight_decay(0.05));
  for (int step = 1; step <= 5; ++step) {
    ours.mutable_grad() = gradient * step;
    theirs.mutable_grad() = gradient * step;
    optimizer.step(1e-2);
    reference.step();
  }
  EXPECT_TRUE(torch::allclose(ours, theirs, 1e-6, 1e-7));
}

TEST(AdamW, clipping_keeps_the_direction_and_bounds_the_joint_norm) {
  torch::Tensor a = torch::zeros({2}).requires_grad_(), b = torch::zeros({1}).requires_grad_();
  a.mutable_grad() = torch::tensor({3.0F, 0.0F});
  b.mutable_grad() = torch::tensor({4.0F});
  AdamW optimizer({a, b}, 0);
  EXPECT_NEAR(optimizer.clip(10), 5, 1e-6);
  EXPECT_NEAR(a.grad()[0].item<double>(), 3, 1e-6);
  EXPECT_NEAR(optimizer.clip(1), 5, 1e-6);
  EXPECT_NEAR(a.grad()[0].item<double>(), 0.6, 1e-5);
  EXPECT_NEAR(b.grad()[0].item<double>(), 0.8, 1e-5);
}

TEST(Schedule, rises_linearly_then_falls_linearly_to_zero_or_stays) {
  TrainingConfig config;
  config.learning_rate = 1;
  config.warmup = 0.1;
  EXPECT_NEAR(learning_rate_at(config, 0, 100), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 9, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 55, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 99, 100), 1.0 / 90, 1e-12);
  config.schedule = "constant";
  EXPECT_EQ(learning_rate_at(config, 99, 100), 1.0);
}

TEST(FineTune, the_same_seed_gives_the_same_bits_and_another_seed_others) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  const auto logits = [&] {
    return fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU).predictions.logits;
  };
  const auto first = logits();
  EXPECT_EQ(first, logits());
  config.seed = 2;
  EXPECT_NE(first, logits());
}

TEST(FineTune, learns_what_it_is_told_by_the_injection_alone) {
  // Labels that equal the mode; words that say nothing of it.
  TokenTable tokens = small_corpus(64);
  const ModeTable modes = small_modes(tokens);
  for (std::size_t p = 0; p < tokens.pieces.size(); ++p) tokens.pieces[p].label = modes.pieces[p].mode;
  RunConfig config = small_run();
  config.injection.condition = "mode";
  config.training.epochs = 40;
  config.training.learning_rate = 5e-3;
  const RunOutcome told = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
  EXPECT_GT(told.metrics["test"]["accuracy"].get<double>(), 0.9);
  config.injection.condition = "constant";
  const RunOutcome untold = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
  EXPECT_LT(untold.metrics["test"]["accuracy"].get<double>(), 0.85);
}

TEST(FineTune, a_loss_that_is_no_longer_finite_ends_the_run_with_its_step) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  config.training.learning_rate = 10;
  config.training.weight_decay = 10;
  config.training.clip_norm = 0;
  config.training.epochs = 200;
  try {
    fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kInternal);
    EXPECT_THAT(error.what(), testing::HasSubstr("no longer finite at step"));
  }
}

TEST(Evaluate, every_row_is_scored_once_whatever_the_batch_and_the_order) {
  const TokenTable tokens = small_corpus(70);
  RunConfig config = small_run();
  const Dataset dataset = make_dataset(tokens, nullptr, config);
  const Classifier model =
      make_classifier(config.model, config.injection, config.head, {4, 18, 88, 66}, 4, 1);
  auto rows = dataset.rows_in({"train", "valid", "test"});
  const torch::Tensor together =
      score_rows(World::alone(), model, dataset, rows, Padding::kMasked, torch::kCPU);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<std::size_t> one = {rows[r]};
    const torch::Tensor alone =
        score_rows(World::alone(), model, dataset, one, Padding::kMasked, torch::kCPU);
    EXPECT_TRUE(torch::allclose(alone[0], together[static_cast<std::int64_t>(r)], 1e-4, 1e-5)) << r;
  }
  const Predictions predictions = make_predictions(dataset, rows, together);
  EXPECT_EQ(predictions.rows(), 70U);
}

}  // namespace
}  // namespace mofi
