// The training loop: a run that is killed goes on to the same bits, and what its settings promise.

#include "training/loop.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "model/weights.h"
#include "refusal.h"
#include "small_corpus.h"
#include "temporary_folder.h"
#include "training/checkpoint.h"
#include "training/fine_tune.h"
#include "training/replay.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using torch::Tensor;

struct Killed {};

/// Trains until `steps` steps are done, then ends as abruptly as a process can without ending.
void train_until(std::int64_t steps, const RunConfig& config, const RunInputs& inputs,
                 const Keeping& keeping) {
  try {
    fine_tune(World::alone(), config, inputs, torch::kCPU, keeping, [&](const LoopReport& report) {
      if (report.step == steps) throw Killed();
    });
    FAIL() << "there are fewer than " << steps << " steps";
  } catch (const Killed&) {
  }
}

RunConfig kept_run() {
  RunConfig config = small_run();
  config.training.epochs = 3;
  config.training.checkpoint_minutes = 0;
  config.training.log_every = 2;
  return config;
}

void expect_same_outcome(const RunOutcome& found, const RunOutcome& expected) {
  const auto &a = found.model.parameters.all(), &b = expected.model.parameters.all();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i].tensor, b[i].tensor)) << a[i].name;
  EXPECT_EQ(found.history, expected.history);
  EXPECT_EQ(found.predictions.logits, expected.predictions.logits);
}

TEST(Loop, a_run_that_is_killed_after_any_step_goes_on_to_the_bits_of_the_undisturbed_one) {
  const TokenTable tokens = small_corpus(44);
  const RunConfig config = kept_run();
  const RunOutcome undisturbed = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
  for (const std::int64_t killed_after : {2, 3, 4, 7, 9}) {
    const TemporaryFolder folder;
    const Keeping keeping = {folder.path(), "a run"};
    train_until(killed_after, config, {&tokens, nullptr}, keeping);
    expect_same_outcome(fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping),
                        undisturbed);
  }
}

TEST(Loop, killed_again_and_again_the_log_has_every_line_once) {
  const TokenTable tokens = small_corpus(44);
  const RunConfig config = kept_run();
  const TemporaryFolder folder;
  const Keeping keeping = {folder.path(), "a run"};
  for (const std::int64_t killed_after : {3, 5, 6, 8})
    train_until(killed_after, config, {&tokens, nullptr}, keeping);
  fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping);
  std::vector<std::int64_t> windows;
  std::istringstream lines(read_text(folder.path() / "events.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (const Json event = Json::parse(line); event.contains("train")) windows.push_back(event["step"]);
  EXPECT_THAT(windows, testing::ElementsAre(2, 4, 6, 8));
}

TEST(Loop, the_best_weights_outlive_a_kill) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = kept_run();
  config.training.select = "best";
  config.training.learning_rate = 3e-2;  // so that the last epoch is not the best by chance alone
  const RunOutcome undisturbed = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
  const TemporaryFolder folder;
  const Keeping keeping = {folder.path(), "a run"};
  train_until(8, config, {&tokens, nullptr}, keeping);
  expect_same_outcome(fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping),
                      undisturbed);
}

/// One number that goes up by about the rate with every step; held-out scores as told.
struct Scripted {
  Tensor x = torch::zeros({1}).requires_grad_();
  std::vector<double> scores;

  LoopOutcome run(const LoopConfig& config) const {
    Objective objective;
    objective.batches = [](int) { return std::vector<std::vector<std::size_t>>{{0}}; };
    objective.weight = [](std::span<const std::size_t> items) { return static_cast<double>(items.size()); };
    objective.words = [](std::span<const std::size_t>) { return std::int64_t{1}; };
    objective.tell = [](std::span<const std::size_t>, int) { return ToldItems{}; };
    objective.sum = [this](const std::vector<std::int64_t>&, const Tensor&) {
      return LossSum{-x.sum(), torch::zeros({1}, torch::kFloat64)};
    };
    objective.describe = [](std::span<const double>, double) { return Json::object(); };
    objective.validate = [this](int epoch) {
      return HeldOutScore{scores.at(static_cast<std::size_t>(epoch)), {}};
    };
    return run_loop(World::alone(), config, 1, {{"x", x}}, objective, torch::kCPU, {});
  }
};

LoopConfig scripted_config(const std::string& select, int patience) {
  LoopConfig config;
  config.epochs = 6;
  config.learning_rate = 1;
  config.weight_decay = 0;
  config.warmup = 0;
  config.schedule = "constant";
  config.select = select;
  config.patience = patience;
  return config;
}

TEST(Loop, best_keeps_the_weights_of_the_best_epoch_and_of_equals_the_latest) {
  const Scripted scripted{.scores = {0.1, 0.7, 0.3, 0.7, 0.2, 0.5}};
  const LoopOutcome outcome = scripted.run(scripted_config("best", 0));
  EXPECT_EQ(outcome.kept_epoch, 4);
  EXPECT_NEAR(scripted.x.item<float>(), 4, 1e-3);
  EXPECT_FALSE(outcome.stopped_early);
}

TEST(Loop, patience_ends_the_run_after_one_more_epoch_without_a_rise_than_it_says) {
  const Scripted scripted{.scores = {0.5, 0.6, 0.4, 0.4, 0.4, 0.9}};
  const LoopOutcome outcome = scripted.run(scripted_config("last", 2));
  EXPECT_TRUE(outcome.stopped_early);
  EXPECT_EQ(outcome.history.size(), 5U);
  EXPECT_EQ(outcome.kept_epoch, 5);
  EXPECT_NEAR(scripted.x.item<float>(), 5, 1e-3);
}

TEST(Loop, steps_that_are_recorded_and_replayed_are_the_same_steps) {
  const TokenTable tokens = small_corpus(44);
  const ModeTable modes = small_modes(tokens);
  for (const char* padding : {"masked", "pooled", "attended"})
    for (const char* optimizer : {"adamw", "adamw_hf"})
      for (const int parts : {1, 3}) {
        RunConfig config = small_run();
        config.injection.condition = "mode";
        config.model.hidden_dropout = config.model.attention_dropout = 0;
        config.training.padding = padding;
        config.training.optimizer = optimizer;
        config.training.accumulate = parts;
        apply_optimizer(config.training);
        const RunOutcome plain = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
        config.training.graphs = "on";
        const RunOutcome replayed = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
        for (std::size_t i = 0; i < plain.model.parameters.all().size(); ++i)
          EXPECT_TRUE(torch::allclose(plain.model.parameters.all()[i].tensor,
                                      replayed.model.parameters.all()[i].tensor, 1e-4, 1e-5))
              << padding << ", " << optimizer << ", " << parts << ": "
              << plain.model.parameters.all()[i].name;
      }
}

TEST(Loop, a_gradient_of_replayed_steps_that_is_not_finite_ends_the_epoch_with_an_error) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = small_run();
  config.training.graphs = "on";
  config.training.learning_rate = 1e30;
  config.training.clip_norm = 0;
  EXPECT_THAT(refusal_of(
                  [&] {
                    fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
                  },
                  ExitCode::kInternal),
              testing::HasSubstr("no longer finite"));
}

TEST(Replayed, work_is_recorded_once_a_shape_and_replayed_with_other_numbers) {
  struct CountingRecorder : CallingRecorder {
    int recordings = 0;
    std::unique_ptr<Recording> record(std::function<void()> work) override {
      ++recordings;
      return CallingRecorder::record(std::move(work));
    }
  } recorder;
  Replayed replayed(&recorder, torch::kCPU);
  std::vector<double> seen;
  std::vector<const void*> places;
  for (int i = 0; i < 12; ++i)
    replayed.run({i % 2}, torch::full({1}, i, torch::kFloat64), [&](const Tensor& numbers) {
      seen.push_back(numbers.item<double>());
      places.push_back(numbers.const_data_ptr());
    });
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_EQ(recorder.recordings, 2);
  EXPECT_EQ(places[10], places[8]) << "a recording reads where it read";
}

TEST(Replayed, what_cannot_be_recorded_is_done_all_the_same) {
  struct Refusing : Recorder {
    std::unique_ptr<Recording> record(std::function<void()>) override {
      throw std::runtime_error("not here");
    }
  } recorder;
  Replayed replayed(&recorder, torch::kCPU);
  double sum = 0;
  for (int i = 0; i < 8; ++i)
    replayed.run({}, torch::full({1}, i, torch::kFloat64),
                 [&](const Tensor& numbers) { sum += numbers.item<double>(); });
  EXPECT_EQ(sum, 28);
}

TEST(Loop, a_step_computed_in_parts_is_the_same_step) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = small_run();
  config.model.hidden_dropout = config.model.attention_dropout = 0;
  config.training.learning_rate = 3e-4;
  const RunOutcome whole = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
  for (const int parts : {2, 3, 50}) {  // 50: more parts than a batch has rows
    config.training.accumulate = parts;
    const RunOutcome in_parts = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
    for (std::size_t i = 0; i < whole.model.parameters.all().size(); ++i)
      EXPECT_LT((whole.model.parameters.all()[i].tensor - in_parts.model.parameters.all()[i].tensor)
                    .abs()
                    .max()
                    .item<double>(),
                1e-6)
          << parts << " parts: " << whole.model.parameters.all()[i].name;
  }
}

TEST(Loop, with_head_alone_the_backbone_stays_as_it_was) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = small_run();
  config.training.trains = "head";
  const RunOutcome outcome = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
  const Classifier fresh = make_classifier(config.model, config.injection, config.head,
                                           column_sizes(tokens.scheme), 4, config.seed);
  int changed = 0;
  for (const NamedTensor& entry : outcome.model.parameters.all()) {
    const bool is_same = torch::equal(entry.tensor, fresh.parameters.get(entry.name));
    if (entry.name.starts_with(kBackbonePrefix)) {
      EXPECT_TRUE(is_same) << entry.name;
    } else {
      changed += is_same ? 0 : 1;
    }
  }
  EXPECT_GE(changed, 4);
}

struct Kept {
  TemporaryFolder folder;
  Tensor weights = torch::arange(6, torch::kFloat32).view({2, 3});

  CheckpointFile file() const { return {"weights.safetensors", {{"w", weights}}}; }
  void write(std::int64_t step, int keep = 2) const {
    write_checkpoint(folder.path(), step, "me", {{"step", step}}, {file()}, keep);
  }
  std::optional<FoundCheckpoint> newest() const { return newest_checkpoint(folder.path(), "me"); }
};

TEST(Checkpoint, with_any_byte_changed_it_is_passed_over_for_the_one_before) {
  start_logging("off");  // of a warning a byte
  const Kept kept;
  kept.write(1);
  kept.write(2);
  for (const char* name : {"checkpoint.json", "weights.safetensors"}) {
    const auto path = kept.folder.path() / "step_000000002" / name;
    const std::string good = read_text(path);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      kept.folder.write(std::string("step_000000002/") + name, bad);
      const auto found = kept.newest();
      ASSERT_TRUE(found);
      // A changed line break or blank of checkpoint.json says the same.
      if (found->step == 2) {
        EXPECT_EQ(Json::parse(bad), Json::parse(good)) << name << ", byte " << i;
      }
    }
    kept.folder.write(std::string("step_000000002/") + name, good.substr(0, good.size() / 2));
    EXPECT_EQ(kept.newest()->step, 1);
    kept.folder.write(std::string("step_000000002/") + name, good);
    EXPECT_EQ(kept.newest()->step, 2);
  }
  start_logging("info");
}

TEST(Checkpoint, the_newest_are_kept_and_a_damaged_one_of_the_same_step_is_made_again) {
  const Kept kept;
  for (const std::int64_t step : {3, 9, 27, 81}) kept.write(step, 3);
  EXPECT_FALSE(std::filesystem::exists(kept.folder.path() / "step_000000003"));
  EXPECT_TRUE(std::filesystem::exists(kept.folder.path() / "step_000000009"));
  write_atomically(kept.folder.path() / "step_000000081" / "checkpoint.json", "{}");
  EXPECT_EQ(kept.newest()->step, 27);
  kept.write(81, 3);
  EXPECT_EQ(kept.newest()->step, 81);
  Kept read;
  read.weights = torch::zeros({2, 3});
  restore_tensors(World::alone(), kept.newest(), read.file());
  EXPECT_TRUE(torch::equal(read.weights, kept.weights));
}

TEST(Checkpoint, another_run_s_is_refused_and_so_are_tensors_of_another_shape) {
  const Kept kept;
  EXPECT_FALSE(kept.newest());
  kept.write(5);
  EXPECT_THAT(refusal_of([&] { newest_checkpoint(kept.folder.path(), "you"); }, ExitCode::kUsage),
              HasSubstr("checkpoint of another run"));
  Kept other;
  other.weights = torch::zeros({3, 3});
  EXPECT_THAT(refusal_of([&] { restore_tensors(World::alone(), kept.newest(), other.file()); }),
              HasSubstr("has no w of the shape"));
}

}  // namespace
}  // namespace mofi
