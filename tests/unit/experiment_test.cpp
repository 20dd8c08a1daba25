#include "ablation/experiment.h"

#include <gmock/gmock.h>

#include <set>

#include "refusal.h"

namespace mofi {
namespace {

using testing::HasSubstr;

Experiment read(const std::string& yaml) { return read_experiment(parse_config(yaml, "e.yaml")); }

std::string refusal(const std::string& yaml) {
  return refusal_of([&] { read(yaml); }, ExitCode::kUsage);
}

const std::string kSweep = R"(
model: {size: tiny}
sweep:
  common: {seed: [1, 2]}
  arms:
    - {injection.condition: none}
    - {injection.condition: [constant, mode], injection.site: [0, 2]}
)";

TEST(Experiment, arms_are_crossed_with_what_is_common) {
  const Experiment experiment = read(kSweep);
  std::vector<std::string> slugs;
  for (const Cell& cell : experiment.cells) slugs.push_back(cell.slug);
  EXPECT_THAT(slugs,
              testing::ElementsAre("none_seed1", "none_seed2", "constant_site0_seed1", "constant_site0_seed2",
                                   "constant_site2_seed1", "constant_site2_seed2", "mode_site0_seed1",
                                   "mode_site0_seed2", "mode_site2_seed1", "mode_site2_seed2"));
  for (const Cell& cell : experiment.cells) EXPECT_EQ(cell.config.model.hidden, 128);
}

TEST(Experiment, a_file_without_a_sweep_is_one_run) {
  EXPECT_EQ(read("model: {size: mini}\nseed: 3").cells.size(), 1U);
}

TEST(Experiment, what_a_file_has_no_room_for_is_refused) {
  EXPECT_THAT(refusal("sweeep: {arms: []}"), HasSubstr("unknown key 'sweeep', did you mean 'sweep'?"));
  EXPECT_THAT(refusal("nam: x"), HasSubstr("e.yaml:1: unknown key 'nam', did you mean 'name'?"));
  EXPECT_THAT(refusal("seed: 1\ninjection: {condition: mode, site: 13}"),
              HasSubstr("e.yaml:2: injection.site is 13; a model of 12 layers has sites 0 to 12"));
}

TEST(Experiment, the_same_run_asked_for_twice_is_refused_with_both_places) {
  const std::string sentence = refusal(kSweep + "    - {injection.condition: none, injection.site: 1}\n");
  EXPECT_EQ(
      sentence,
      "e.yaml:8: cell {injection.condition: none, injection.site: 1, seed: 1}: the sweep asks for "
      "none_seed1 a second time; it is already asked for at e.yaml:6; without effect here: injection.site");
}

TEST(Experiment, midibert_s_own_fine_tuning_is_told_as_published_in_the_config_that_claims_it) {
  const Experiment experiment = read_experiment(load_config(MOFI_SOURCE "/configs/midibert_emopia.yaml"));
  ASSERT_FALSE(experiment.cells.empty());
  for (const Cell& cell : experiment.cells) {  // midibert.md section 5
    const TrainingConfig& training = cell.config.training;
    EXPECT_EQ(training.optimizer, "adamw_hf");
    EXPECT_EQ(training.learning_rate, 2e-5);
    EXPECT_EQ(training.weight_decay, 0.01);
    EXPECT_EQ(training.beta1, 0.9);
    EXPECT_EQ(training.beta2, 0.999);
    EXPECT_EQ(training.epsilon, 1e-6);
    EXPECT_EQ(training.schedule, "constant");
    EXPECT_EQ(training.warmup, 0);
    EXPECT_EQ(training.clip_norm, 0);
    EXPECT_EQ(training.batch, 12);
    EXPECT_EQ(training.epochs, 10);
    EXPECT_EQ(training.select, "best");
    EXPECT_EQ(training.patience, 3);
    EXPECT_EQ(training.padding, "attended");
    EXPECT_EQ(training.transpose_down + training.transpose_up, 0);
    EXPECT_EQ(cell.config.model.layers, 12);
    EXPECT_EQ(cell.config.data.split, "midibert");
    EXPECT_EQ(cell.config.data.rows, "all");
    EXPECT_EQ(cell.config.data.max_words, 512);
  }
}

TEST(RunIdentity, is_the_semantic_config_seed_and_inputs_and_nothing_else) {
  const std::map<std::string, std::string> inputs = {{"tokens", "aa"}};
  const auto id = [&](const std::string& yaml) { return run_id(read(yaml).cells.front(), inputs); };
  const std::string base = id("seed: 1");
  EXPECT_EQ(base, id("training: {device: cpu, threads: 2}\nname: other\ndataset: {input: "
                     "/elsewhere}\ninputs: {tokens: x.h5}"));
  EXPECT_EQ(base, id("injection: {site: 3}")) << "the site of condition none has no effect";
  std::set<std::string> ids = {base,
                               id("seed: 2"),
                               id("training: {epochs: 3}"),
                               id("injection: {condition: mode}"),
                               id("data: {max_words: 100}"),
                               id("model: {size: tiny}"),
                               run_id(read("seed: 1").cells.front(), {{"tokens", "bb"}})};
  EXPECT_EQ(ids.size(), 7U);
}

TEST(RunIdentity, stays_when_a_sweep_gets_another_axis_that_names_the_run_at_greater_length) {
  const Cell before = read("model: {size: tiny}").cells.front();
  const Cell after = read("model: {size: tiny}\nsweep: {common: {training.epochs: [10, 20]}}").cells.front();
  EXPECT_EQ(before.slug, "none_seed1");
  EXPECT_EQ(after.slug, "none_epochs10_seed1");
  EXPECT_EQ(identity_of(run_id(before, {{"tokens", "aa"}})), identity_of(run_id(after, {{"tokens", "aa"}})));
  EXPECT_EQ(before.digest, config_digest(config_to_json(before.config, true)));
}

TEST(RunIdentity, stays_when_the_config_gets_other_fields) {
  EXPECT_EQ(identity_of(run_id(read("seed: 1").cells.front(), {{"tokens", "aa"}})), "026c9fcdb45a");
  EXPECT_EQ(identity_of(run_id(read("{data: {split: folds, fold: 1}, model: {size: tiny}, injection: "
                                    "{condition: mode, site: 1}, seed: 2}")
                                   .cells.front(),
                               {{"tokens", "aa"}})),
            "6e59060706d6");
}

TEST(RunIdentity, of_a_classical_system_knows_nothing_of_models_and_of_a_model_nothing_of_classifiers) {
  const auto cell = [](const std::string& yaml) { return read(yaml).cells.front(); };
  const auto digest = [&](const std::string& yaml) { return cell(yaml).digest; };
  const std::string logistic = digest("system: logistic");
  EXPECT_EQ(digest("{system: logistic, model: {size: tiny}, injection: {condition: mode, site: 1}, "
                   "head: {hidden: 7}, training: {epochs: 3, select: best, weights: nowhere}}"),
            logistic);
  EXPECT_EQ(digest("{system: logistic, classifier: {c: 0.05, gamma: 2, trees: 7}}"), logistic)
      << "0.05 is what it has anyway, the others are not its own";
  EXPECT_EQ(digest("{system: mode_only, classifier: {features: [velocity]}}"), digest("system: mode_only"));
  EXPECT_EQ(digest("classifier: {features: [velocity], c: 3, gamma: 2, trees: 7}"), digest("seed: 1"));
  EXPECT_EQ(digest("{system: rbf_svm, classifier: {features: [velocity, density]}}"),
            digest("{system: rbf_svm, classifier: {features: [density, velocity]}}"));

  const std::set<std::string> others = {logistic,
                                        digest("seed: 1"),
                                        digest("system: mode_only"),
                                        digest("{system: logistic, seed: 2}"),
                                        digest("{system: logistic, data: {split: emopia_cls}}"),
                                        digest("{system: logistic, classifier: {c: 1}}"),
                                        digest("{system: logistic, classifier: {features: [mode]}}"),
                                        digest("{system: rbf_svm, classifier: {gamma: 2}}"),
                                        digest("system: rbf_svm"),
                                        digest("{system: random_forest, classifier: {trees: 7}}"),
                                        digest("system: random_forest")};
  EXPECT_EQ(others.size(), 11U);

  const Cell normalised = cell("{system: logistic, classifier: {trees: 7}, model: {size: tiny}}");
  EXPECT_EQ(normalised.digest, config_digest(config_to_json(normalised.config, true)));
  EXPECT_EQ(normalised.slug, "logistic_seed1");
  RunConfig by_hand;
  by_hand.system = "logistic";
  by_hand.model.layers = 2;
  by_hand.classifier.trees = 7;
  complete(by_hand);
  EXPECT_EQ(config_to_json(by_hand, true), config_to_json(normalised.config, true));
}

TEST(RunIdentity, every_field_is_declared_semantic_or_volatile_and_these_are_all) {
  std::vector<std::string> semantic, not_semantic;
  for (const FieldLine& field : list_fields<RunConfig>())
    (field.is_volatile ? not_semantic : semantic).push_back(field.path);
  EXPECT_THAT(
      semantic,
      testing::ElementsAre(
          "system", "data.target", "data.split", "data.folds", "data.fold", "data.fold_seed", "data.rows",
          "data.max_words", "data.evaluate", "data.invariance", "model.layers", "model.hidden", "model.heads",
          "model.intermediate", "model.embedding_width", "model.max_position", "model.hidden_dropout",
          "model.attention_dropout", "model.layer_norm_epsilon", "model.precision", "model.attention",
          "recurrent.columns", "recurrent.embedding_width", "recurrent.input_width", "recurrent.hidden",
          "recurrent.layers", "recurrent.heads", "recurrent.dropout", "injection.condition",
          "injection.features", "injection.site", "injection.together", "injection.before_norm",
          "injection.by", "injection.film_hidden", "injection.learning_rate", "head.kind", "head.state",
          "head.attention_width", "head.attention_rows", "head.hidden", "training.epochs", "training.batch",
          "training.optimizer", "training.learning_rate", "training.weight_decay", "training.beta1",
          "training.beta2", "training.epsilon", "training.warmup", "training.schedule", "training.clip_norm",
          "training.select", "training.patience", "training.transpose_down", "training.transpose_up",
          "training.shifts", "training.expand", "training.padding", "training.trains", "training.auxiliary",
          "training.auxiliary_weight", "classifier.features", "classifier.c", "classifier.gamma",
          "classifier.trees", "seed"));
  EXPECT_THAT(not_semantic, testing::ElementsAre(
                                "model.size", "training.accumulate", "training.device", "training.threads",
                                "training.checkpoint_minutes", "training.checkpoints",
                                "training.time_limit_minutes", "training.log_every", "training.bucket_mib",
                                "training.overlap", "training.graphs", "training.trace", "training.weights"));
}

}  // namespace
}  // namespace mofi
