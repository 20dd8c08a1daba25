// Systems beside MidiBERT, in the same loop, with the same records.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/weights.h"
#include "refusal.h"
#include "small_corpus.h"
#include "temporary_folder.h"
#include "training/fine_tune.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using torch::Tensor;

struct Killed {};

RunConfig recurrent_run(const std::string& system) {
  RunConfig config = small_run();
  config.system = system;
  config.recurrent.embedding_width = 12;
  config.recurrent.hidden = 8;
  config.recurrent.layers = 2;
  config.recurrent.heads = 2;
  config.recurrent.dropout = 0.1;
  config.data.evaluate = {"train", "test"};
  complete(config);
  return config;
}

RunOutcome outcome_of(const RunConfig& config, const TokenTable& tokens, const Keeping& keeping = {}) {
  return fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping);
}

class RecurrentSystem : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, RecurrentSystem, testing::Values(kLstmAttn, kBilma),
                         [](const auto& instance) { return instance.param; });

TEST_P(RecurrentSystem, learns_what_it_is_shown) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = recurrent_run(GetParam());
  config.training.epochs = 50;
  config.training.learning_rate = 1e-2;
  config.training.transpose_down = config.training.transpose_up = 0;
  config.recurrent.dropout = 0;
  const RunOutcome outcome = outcome_of(config, tokens);
  EXPECT_GT(outcome.metrics["train"]["accuracy"].get<double>(), 0.9);
  EXPECT_LT(outcome.history.back()["loss"].get<double>(), 0.5 * outcome.history[0]["loss"].get<double>());
}

TEST_P(RecurrentSystem, that_is_killed_goes_on_to_the_bits_of_the_undisturbed_run) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = recurrent_run(GetParam());
  config.training.checkpoint_minutes = 0;
  const RunOutcome undisturbed = outcome_of(config, tokens);
  const TemporaryFolder folder;
  const Keeping keeping = {folder.path(), "a run"};
  const auto killed = [&] {
    fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping, [](const LoopReport& report) {
      if (report.step == 4) throw Killed();
    });
  };
  EXPECT_THROW(killed(), Killed);
  const RunOutcome found = outcome_of(config, tokens, keeping);
  for (const NamedTensor& entry : undisturbed.model.parameters.all())
    EXPECT_TRUE(torch::equal(entry.tensor, found.model.parameters.get(entry.name))) << entry.name;
  EXPECT_EQ(found.predictions.logits, undisturbed.predictions.logits);
}

TEST_P(RecurrentSystem, with_recorded_steps_ends_at_the_weights_of_the_others_but_for_rounding) {
  const TokenTable tokens = small_corpus(44);
  RunConfig config = recurrent_run(GetParam());
  config.recurrent.dropout = 0;
  const RunOutcome called = outcome_of(config, tokens);
  config.training.graphs = "on";
  const RunOutcome recorded = outcome_of(config, tokens);
  for (const NamedTensor& entry : called.model.parameters.all())
    EXPECT_TRUE(torch::allclose(entry.tensor, recorded.model.parameters.get(entry.name), 1e-3, 1e-4))
        << entry.name;
}

TEST_P(RecurrentSystem, does_not_hang_on_what_stands_beside_a_row) {
  const TokenTable tokens = small_corpus(44);
  const RunConfig config = recurrent_run(GetParam());
  const Dataset dataset = make_dataset(tokens, nullptr, config);
  const Classifier model = make_model(config, tokens.scheme, 4, torch::kCPU);
  const auto rows = dataset.rows_in({"train"});
  const Tensor together = score_rows(World::alone(), model, dataset, rows, Padding::kMasked, torch::kCPU);
  for (const std::size_t k : {0, 5, 11}) {
    const std::vector<std::size_t> alone = {rows[k]};
    EXPECT_TRUE(
        torch::allclose(score_rows(World::alone(), model, dataset, alone, Padding::kMasked, torch::kCPU)[0],
                        together[static_cast<std::int64_t>(k)], 1e-5, 1e-6));
  }
}

TEST_P(RecurrentSystem, s_weights_say_what_they_are_and_score_alike) {
  const TokenTable tokens = small_corpus(44);
  const RunConfig config = recurrent_run(GetParam());
  const RunOutcome outcome = outcome_of(config, tokens);
  const TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  save_weights(path, outcome.model.parameters, weights_metadata(config, tokens));

  const WeightsFile weights = read_weights(path);
  require_classifier(weights);
  ASSERT_EQ(weights.config->system, GetParam());
  Classifier model = make_model(*weights.config, tokens.scheme, 4, torch::kCPU);
  load_weights(weights.file, weights.name, model.parameters);
  const Dataset dataset = make_dataset(tokens, nullptr, *weights.config);
  const Tensor logits = score_rows(World::alone(), model, dataset, dataset.rows_in(config.data.evaluate),
                                   Padding::kMasked, torch::kCPU);
  EXPECT_EQ(std::vector<float>(logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel()),
            outcome.predictions.logits);
  EXPECT_EQ(hidden_state_sums(World::alone(), model, dataset, dataset.rows_in({"test"}), Padding::kMasked,
                              torch::kCPU)
                .size(1),
            GetParam() == kBilma ? 4 : 3);

  RunConfig midibert = small_run();
  midibert.training.weights = path.string();
  Classifier other = make_model(midibert, tokens.scheme, 4, torch::kCPU);
  EXPECT_THAT(refusal_of([&] { load_start_weights(midibert, tokens.scheme, other); }, ExitCode::kUsage),
              HasSubstr("is of system " + GetParam() + "; the config asks for midibert"));
}

TEST(Systems, what_a_system_does_not_have_is_reset_or_refused) {
  RunConfig a = recurrent_run(kLstmAttn), b = a;
  b.model.layers = 7;
  b.model.heads = 3;
  b.training.weights = "of a backbone.safetensors";
  complete(b);
  EXPECT_EQ(config_to_json(a), config_to_json(b));
  a.data.max_words = 600;  // no table of distances limits it
  EXPECT_NO_THROW(complete(a));

  RunConfig midibert = small_run(), with_lstm = midibert;
  with_lstm.recurrent.hidden = 3;
  complete(midibert);
  complete(with_lstm);
  EXPECT_EQ(config_to_json(midibert, true), config_to_json(with_lstm, true));

  const auto refusal = [](auto change) {
    RunConfig config = recurrent_run(kBilma);
    change(config);
    return refusal_of([&] { complete(config); }, ExitCode::kUsage);
  };
  EXPECT_THAT(refusal([](RunConfig& c) { c.injection.condition = "mode"; }),
              HasSubstr("injection.condition is mode, but system bilma has no injection sites"));
  EXPECT_THAT(refusal([](RunConfig& c) { c.training.trains = "head"; }), HasSubstr("has no backbone"));
  EXPECT_THAT(refusal([](RunConfig& c) { c.training.padding = "pooled"; }), HasSubstr("masked or attended"));
  EXPECT_THAT(refusal([](RunConfig& c) { c.recurrent.heads = 5; }), HasSubstr("must divide"));
}

}  // namespace
}  // namespace mofi
