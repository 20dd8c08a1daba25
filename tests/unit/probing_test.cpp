// What a model knows, and what it uses: targets, probes of single states, invariance.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "small_corpus.h"
#include "training/batches.h"
#include "training/fine_tune.h"
#include "training/invariance.h"
#include "training/model_input.h"
#include "training/target.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using torch::Tensor;

struct Music {
  TokenTable tokens = small_corpus(32);
  ModeTable modes = small_modes(tokens);

  RunInputs inputs() const { return {&tokens, &modes, nullptr}; }
  RunOutcome train(const RunConfig& config, FrozenCache* cache = nullptr) const {
    return fine_tune(World::alone(), config, inputs(), torch::kCPU, {}, nullptr, cache);
  }
};

RunConfig probe_of(int state, const std::string& kind) {
  RunConfig config = small_run();
  config.training.trains = "head";
  config.training.transpose_down = config.training.transpose_up = 0;
  config.head.state = state;
  config.head.kind = kind;
  return config;
}

TEST(Target, of_quadrants_is_their_valence_or_arousal) {
  const Music music;
  const ModeUnits keys = join_modes(music.tokens, &music.modes);
  const Target valence = make_target("valence", music.tokens, keys),
               arousal = make_target("arousal", music.tokens, keys);
  EXPECT_THAT(valence.class_names, testing::ElementsAre("low valence", "high valence"));
  for (std::size_t r = 0; r < music.tokens.rows(); ++r) {
    const int quadrant = music.tokens.pieces[music.tokens.piece[r]].label;
    EXPECT_EQ(valence.label_of_row[r], quadrant == 0 || quadrant == 3);
    EXPECT_EQ(arousal.label_of_row[r], quadrant == 0 || quadrant == 1);
  }
  TokenTable other = music.tokens;
  other.class_names = {"happy", "sad", "tense", "calm"};
  EXPECT_THROW(make_target("valence", other, keys), Error);
}

TEST(Target, of_keys_is_mode_or_tonic_without_undefined_ones_and_the_tonic_moves_with_the_music) {
  Music music;
  music.modes.pieces[3].mode = kUndefinedMode;
  RunConfig config = small_run();
  config.data.target = "mode";
  Dataset dataset = make_dataset(music.tokens, &music.modes, config);
  EXPECT_EQ(dataset.classes, 2);
  EXPECT_EQ(dataset.rows.size(), 31U) << "one mode is not known";
  config.data.target = "tonic";
  dataset = make_dataset(music.tokens, &music.modes, config);
  EXPECT_EQ(dataset.classes, 12);
  const std::vector<std::size_t> rows = {2};  // D
  const std::vector<int> shifts = {-4};
  const ToldBatch told = tell(dataset, rows, shifts, {}, {});
  EXPECT_EQ(labels_of(row_tensors(dataset, torch::kCPU), told.shape, torch::tensor(told.numbers)).item<int>(),
            10);
  EXPECT_THROW(make_dataset(music.tokens, nullptr, config), Error);
}

TEST(Probe, reads_the_state_it_is_asked_for) {
  const Music music;
  for (const char* kind : {"attention", "linear"})
    for (int state = kLastState; state <= 2; ++state) {
      const RunConfig config = probe_of(state, kind);
      const Dataset dataset = make_dataset(music.tokens, nullptr, config);
      const Classifier model = make_classifier(config.model, config.injection, config.head,
                                               column_sizes(music.tokens.scheme), 4, 1);
      const std::vector<std::size_t> rows = {0, 1, 2};
      const ModelInput input = make_input(dataset, rows, {}, Padding::kMasked, torch::kCPU);
      const auto states = encode(model.backbone, input.words_NC, input.sequences, {}, false);
      const Tensor expected =
          classify(model.head, states[state < 0 ? 2 : static_cast<std::size_t>(state)], input.sequences, {});
      EXPECT_TRUE(torch::equal(forward(model, input, Padding::kMasked, false), expected)) << kind << state;
      if (std::string(kind) != "linear") continue;
      const Tensor first =
          states[state < 0 ? 2 : static_cast<std::size_t>(state)].slice(0, 0, dataset.rows[0].words);
      EXPECT_TRUE(torch::allclose(expected[0], model.head.second(first.mean(0)), 1e-4, 1e-5));
    }
}

TEST(Probe, of_kept_states_finds_what_a_probe_of_computed_states_finds) {
  const Music music;
  FrozenCache cache;
  for (const char* kind : {"attention", "linear"})
    for (const int state : {0, 1, kLastState}) {
      RunConfig config = probe_of(state, kind);
      config.training.batch = 5;
      const Tensor computed = torch::tensor(music.train(config).predictions.logits);
      const Tensor kept = torch::tensor(music.train(config, &cache).predictions.logits);
      EXPECT_TRUE(torch::allclose(computed, kept, 1e-4, 1e-5)) << kind << state;
    }
}

TEST(Probe, states_are_kept_for_all_probes_of_a_backbone_and_no_other) {
  const Music music;
  FrozenCache cache;
  const auto states = [&](const RunConfig& config) {
    const Dataset dataset = make_dataset(music.tokens, &music.modes, config);
    const Classifier model = make_classifier(config.model, config.injection, config.head,
                                             column_sizes(music.tokens.scheme), 4, config.seed);
    return cache.states_of(model, config, music.inputs(), dataset, torch::kCPU);
  };
  RunConfig config = probe_of(1, "linear");
  const auto first = states(config);
  EXPECT_EQ(first->states_WH.size(), 3U);
  config.head.state = 2;
  config.data.target = "mode";
  config.data.split = "folds";
  config.data.evaluate = {"test"};
  EXPECT_EQ(states(config), first);
  config.data.max_words = 16;
  EXPECT_NE(states(config), first);
  config.seed = 2;
  EXPECT_FALSE(torch::equal(states(config)->states_WH[1], first->states_WH[1].slice(0, 0, 1)));
}

TEST(Probe, has_kept_states_only_where_nothing_changes_them) {
  const RunConfig plain = probe_of(0, "linear");
  EXPECT_TRUE(has_frozen_states(plain));
  const auto with = [&](auto change) {
    RunConfig config = plain;
    change(config);
    return has_frozen_states(config);
  };
  EXPECT_FALSE(with([](RunConfig& c) { c.training.trains = "all"; }));
  EXPECT_FALSE(with([](RunConfig& c) { c.training.transpose_up = 1; }));
  EXPECT_FALSE(with([](RunConfig& c) { c.training.shifts = {0, 3}; }));
  EXPECT_FALSE(with([](RunConfig& c) { c.training.padding = "attended"; }));
  EXPECT_FALSE(with([](RunConfig& c) { c.injection.condition = "mode"; }));
  EXPECT_TRUE(with([](RunConfig& c) { c.injection = {.condition = "mode", .by = "late"}; }));
}

TEST(Probe, of_a_state_needs_a_backbone_that_stays_and_that_state) {
  RunConfig config = probe_of(3, "linear");
  EXPECT_THAT(find_problem(config)->sentence, HasSubstr("a model of 2 layers has states 0 to 2"));
  config.head.state = 1;
  EXPECT_FALSE(find_problem(config));
  config.training.trains = "all";
  EXPECT_THAT(find_problem(config)->sentence, HasSubstr("needs training.trains: head"));
}

TEST(Invariance, of_a_run_tells_transpositions_and_the_parallel_mode_by_direction_and_class) {
  const Music music;
  RunConfig config = small_run();
  config.data.invariance = true;
  config.injection.condition = "mode";
  const Json told = music.train(config).metrics["invariance"];
  ASSERT_TRUE(told["transposition"].contains("-6"));
  EXPECT_FALSE(told["transposition"].contains("0"));
  for (const auto& [shift, change] : told["transposition"].items()) {
    EXPECT_GT(change["rows"], 0) << shift;
    EXPECT_GT(change["distance"], 0) << shift;
    EXPECT_LE(change["same"], 1) << shift;
  }
  for (const char* way : {"music", "told", "music_and_told"}) {
    const int rows = static_cast<int>(told["parallel"][way]["to_minor"]["rows"]) +
                     static_cast<int>(told["parallel"][way]["to_major"]["rows"]);
    EXPECT_EQ(rows, 16) << "the valid and test part, " << way;
    int by_class = 0;
    for (const auto& [name, change] : told["parallel"][way]["to_minor"]["by_class"].items())
      by_class += static_cast<int>(change["rows"]);
    EXPECT_EQ(by_class, told["parallel"][way]["to_minor"]["rows"]);
  }
}

TEST(Invariance, is_whole_where_only_the_telling_changes_and_the_model_does_not_listen) {
  const Music music;
  RunConfig config = small_run();
  config.injection = {.condition = "mode", .by = "late"};
  const Dataset dataset = make_dataset(music.tokens, &music.modes, config);
  Classifier model =
      make_classifier(config.model, config.injection, config.head, column_sizes(music.tokens.scheme), 4, 1);
  const auto probed = [&] {
    return probe_invariance(World::alone(), config, music.inputs(), dataset, model, torch::kCPU)["parallel"];
  };
  EXPECT_EQ(probed()["told"]["to_minor"]["distance"], 0);
  EXPECT_EQ(probed()["told"]["to_minor"]["same"], 1);
  EXPECT_GT(probed()["music"]["to_minor"]["distance"], 0);
  {
    // Major: surely Q1. Minor: surely Q3.
    const torch::NoGradGuard no_grad;
    Tensor weight = model.injection.sites[0].network.back().weight;
    Tensor first = model.injection.sites[0].network.front().weight,
           bias = model.injection.sites[0].network.front().bias;
    first.zero_();
    bias.zero_();
    first.slice(0, 0, 2).copy_(torch::eye(2));
    weight[0][0] = 50;
    weight[2][1] = 50;
  }
  const Json listening = probed();
  EXPECT_EQ(listening["told"]["to_minor"]["same"], 0);
  EXPECT_EQ(listening["told"]["to_minor"]["high_valence_before"], 1);
  EXPECT_EQ(listening["told"]["to_minor"]["high_valence_after"], 0);
  EXPECT_EQ(listening["told"]["to_major"]["high_valence_after"], 1);
  EXPECT_EQ(listening["music"]["to_minor"]["same"], 1);
}

TEST(Augmentation, expanded_repeats_training_rows_in_all_legal_shifts_and_no_others) {
  Music music;
  music.tokens.pieces[0].pitch_max = 105;  // at most two semitones up
  RunConfig config = small_run();
  const std::size_t plain = make_dataset(music.tokens, nullptr, config).rows_in({"train"}).size();
  config.training.expand = true;
  config.training.shifts = {5, 0, -3, 2, 2};
  const Dataset dataset = make_dataset(music.tokens, nullptr, config);
  EXPECT_EQ(dataset.rows_in({"train"}).size(), 4 * plain - 1);
  EXPECT_EQ(dataset.rows_in({"valid", "test"}).size(), 16U);
  const std::vector<std::size_t> rows = dataset.rows_in({"train"});
  const std::vector<int> shifts = draw_shifts(dataset, rows, config.training, 1, 0);
  EXPECT_THAT(std::vector<int>(shifts.begin(), shifts.begin() + 7),
              testing::ElementsAre(-3, 0, 2, -3, 0, 2, 5));
}

TEST(Augmentation, by_a_list_draws_from_it_alone_and_anew_every_epoch) {
  const Music music;
  RunConfig config = small_run();
  config.training.shifts = {0, 7, -5};
  const Dataset dataset = make_dataset(music.tokens, nullptr, config);
  const std::vector<std::size_t> rows = dataset.rows_in({"train"});
  const std::vector<int> first = draw_shifts(dataset, rows, config.training, 1, 0);
  EXPECT_THAT(first, testing::Each(testing::AnyOf(0, 7, -5)));
  EXPECT_NE(first, draw_shifts(dataset, rows, config.training, 1, 1));
}

}  // namespace
}  // namespace mofi
