#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <set>

#include "ablation/cell_slugs.h"
#include "ablation/experiment.h"
#include "core/random.h"
#include "refusal.h"
#include "small_corpus.h"
#include "storage/safetensors.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kTiny = "model: {size: tiny}\n";

Experiment read(const std::string& yaml) { return read_experiment(parse_config(yaml, "s.yaml")); }

std::string refusal(const std::string& yaml, ExitCode code = ExitCode::kUsage) {
  return refusal_of([&] { read(yaml); }, code);
}

std::vector<std::string> slugs_of(const Experiment& experiment) {
  std::vector<std::string> slugs;
  for (const Cell& cell : experiment.cells) slugs.push_back(cell.slug);
  return slugs;
}

// ---- what may be written ----

TEST(Sweep, without_arms_is_its_common_axes_crossed) {
  EXPECT_THAT(
      slugs_of(read(kTiny + "sweep: {common: {injection.condition: [none, constant], seed: [4, 5]}}")),
      ElementsAre("none_seed4", "none_seed5", "constant_site0_seed4", "constant_site0_seed5"));
}

TEST(Sweep, puts_classical_systems_beside_models_each_by_its_name) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  arms:
    models: {injection.condition: [none, mode]}
    floors: {system: [majority, logistic]}
    quiet: {system: rbf_svm, classifier.features: [[all], [without_velocity]]}
)");
  EXPECT_THAT(slugs_of(experiment),
              ElementsAre("none_seed1", "mode_site0_seed1", "majority_seed1", "logistic_seed1",
                          "rbf_svm_all_seed1", "rbf_svm_without_velocity_seed1"));
  EXPECT_THAT(refusal(kTiny + "sweep: {common: {system: majority, injection.site: [0, 1]}}"),
              HasSubstr("asks for majority_seed1 a second time"));
  EXPECT_THAT(refusal(kTiny + "sweep: {common: {injection.condition: mode, data.fold: [0, 1]}}"),
              HasSubstr("; without effect here: data.fold"));
  EXPECT_THAT(refusal("{system: logistic, classifier: {features: [loudness]}}"),
              HasSubstr("classifier.features: 'loudness' is no feature and no set of features"));
  EXPECT_THAT(refusal("system: svm"), HasSubstr("rbf_svm"));
  EXPECT_THAT(
      refusal("{system: majority, data: {invariance: true}}"),
      HasSubstr(
          "data.invariance asks how predictions change with the words, of which system majority sees none"));
}

TEST(Sweep, takes_fields_as_dotted_paths_and_in_their_sections_alike) {
  const Experiment dotted = read(kTiny + "sweep: {common: {training.epochs: [1, 2], training.batch: 4}}");
  const Experiment nested = read(kTiny + "sweep: {common: {training: {epochs: [1, 2], batch: 4}}}");
  ASSERT_EQ(dotted.cells.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(dotted.cells[i].digest, nested.cells[i].digest);
}

TEST(Sweep, a_named_axis_sets_several_fields_together_and_its_values_name_the_cells) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common:
    corpus:
      clips: {dataset.name: emopia, data.split: song_level}
      phrases: {dataset: {name: vgmidi}, data: {split: folds, fold: 3, evaluate: [test, train]}}
    seed: [1, 2]
)");
  EXPECT_THAT(slugs_of(experiment), ElementsAre("clips_none_seed1", "clips_none_seed2",
                                                "phrases_none_fold3_seed1", "phrases_none_fold3_seed2"));
  ASSERT_EQ(experiment.music.size(), 2U);
  EXPECT_EQ(experiment.music[experiment.cells[0].music].dataset.name, "emopia");
  EXPECT_EQ(experiment.music[experiment.cells[3].music].dataset.name, "vgmidi");
  EXPECT_EQ(experiment.cells[3].config.data.fold, 3);
  EXPECT_THAT(experiment.cells[3].config.data.evaluate, ElementsAre("test", "train"));
}

TEST(Sweep, every_field_of_the_music_may_be_an_axis_and_equal_music_is_one) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common:
    tonality.profile: [krumhansl_kessler, aarden_essen]
    tokens.scheme: [cp4, cp6]
    seed: [1, 2, 3]
)");
  EXPECT_EQ(experiment.cells.size(), 12U);
  EXPECT_EQ(experiment.music.size(), 4U);
  EXPECT_EQ(experiment.cells[11].slug, "aarden_essen_cp6_none_seed3");
  const std::string ready = "inputs: {tokens: t.h5}\ndataset: {name: emopia}\n";
  EXPECT_EQ(read(ready).music.front().dataset.name, "folder") << "of ready-made tokens nothing is made";
}

TEST(Sweep, all_sites_are_those_of_the_cell_s_model) {
  const Experiment experiment =
      read("sweep: {common: {model.layers: [1, 3], injection.condition: mode, injection.site: all}}");
  std::vector<int> sites;
  for (const Cell& cell : experiment.cells) sites.push_back(cell.config.injection.site);
  EXPECT_THAT(sites, ElementsAre(0, 1, 0, 1, 2, 3));
}

TEST(Sweep, all_states_are_those_of_the_cell_s_model) {
  const Experiment experiment =
      read("{training: {trains: head}, sweep: {common: {model.layers: [1, 2], head.state: all}}}");
  std::vector<int> states;
  for (const Cell& cell : experiment.cells) states.push_back(cell.config.head.state);
  EXPECT_THAT(states, ElementsAre(0, 1, 0, 1, 2));
}

TEST(Sweep, arms_may_have_names_which_cells_keep_as_their_group) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common: {seed: 7}
  arms:
    baseline: {injection.condition: none}
    controls:
      - {injection.condition: constant}
      - {injection.condition: shuffled, injection.site: [0, 1]}
)");
  std::vector<std::string> groups;
  for (const Cell& cell : experiment.cells) groups.push_back(cell.group);
  EXPECT_THAT(groups, ElementsAre("baseline", "controls", "controls", "controls"));
  EXPECT_EQ(experiment.cells[1].source, "s.yaml:8");
}

TEST(Sweep, an_arm_s_own_axis_stands_in_place_of_the_common_one) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common: {seed: [1, 2, 3]}
  arms:
    - {injection.condition: none}
    - {injection.condition: constant, seed: 9}
)");
  EXPECT_THAT(slugs_of(experiment),
              ElementsAre("none_seed1", "none_seed2", "none_seed3", "constant_site0_seed9"));
}

TEST(Sweep, exclusions_leave_out_cells_by_what_they_ask_for) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common:
    size:
      small: {model.size: tiny}
      large: {model.size: mini}
    injection.condition: [none, mode]
    injection.site: [0, 1]
    seed: [1, 2]
  exclude:
    - {injection.condition: none, injection.site: [1]}
    - {size: large, injection: {condition: mode}, seed: 2}
)");
  EXPECT_THAT(
      slugs_of(experiment),
      ElementsAre("small_none_seed1", "small_none_seed2", "small_mode_site0_seed1", "small_mode_site0_seed2",
                  "small_mode_site1_seed1", "small_mode_site1_seed2", "large_none_seed1", "large_none_seed2",
                  "large_mode_site0_seed1", "large_mode_site1_seed1"));
}

TEST(Sweep, music_of_no_cell_is_not_made) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common: {dataset.name: [emopia, vgmidi], seed: [1, 2]}
  exclude:
    - {dataset.name: emopia}
)");
  ASSERT_EQ(experiment.music.size(), 1U);
  EXPECT_EQ(experiment.music[experiment.cells[1].music].dataset.name, "vgmidi");
}

TEST(Sweep, values_are_excluded_as_they_are_read_however_they_are_written) {
  EXPECT_EQ(read(kTiny + "sweep:\n  common: {training.learning_rate: [1e-3, 2e-3]}\n"
                         "  exclude: [{training.learning_rate: 0.001}]")
                .cells.size(),
            1U);
}

TEST(Sweep, settings_of_the_command_line_reach_its_axes_too) {
  ConfigNode root = parse_config(kTiny + R"(
sweep:
  common: {seed: [1, 2, 3], data.max_words: 64}
  arms:
    sites: {injection.condition: mode, injection.site: [0, 1, 2]}
)",
                                 "s.yaml");
  apply_setting(root, "sweep.common.seed=[8]");
  apply_setting(root, "sweep.common.data.max_words=[16]");
  apply_setting(root, "sweep.arms.sites.injection.site=[2]");
  const Experiment experiment = read_experiment(root);
  EXPECT_THAT(slugs_of(experiment), ElementsAre("mode_site2_seed8"));
  EXPECT_EQ(experiment.cells.front().config.data.max_words, 16);
  apply_setting(root, "sweep.arms.sites.injection.site=[3]");
  EXPECT_THAT(
      refusal_of([&] { read_experiment(root); }, ExitCode::kUsage),
      HasSubstr(
          "--set sweep.arms.sites.injection.site=[3]: cell {injection.condition: mode, injection.site: 3, "
          "seed: 8, data.max_words: 16}: injection.site is 3"));
}

TEST(Sweep, a_setting_that_an_axis_of_every_arm_overrules_is_refused) {
  ConfigNode root = parse_config(kTiny + R"(
sweep:
  common:
    corpus:
      a: {training: {epochs: 3}}
      b: {training: {epochs: 4, batch: 8}}
  arms:
    - {injection.condition: none}
    - {injection.condition: constant, injection.site: 1}
)",
                                 "s.yaml");
  for (const char* setting : {"training.batch=2", "injection.site=2"}) apply_setting(root, setting);
  const Experiment experiment = read_experiment(root);
  EXPECT_EQ(experiment.cells[0].config.training.batch, 2) << "one corpus has no say in it";
  apply_setting(root, "training.epochs=5");
  EXPECT_EQ(refusal_of([&] { read_experiment(root); }, ExitCode::kUsage),
            "--set training.epochs=5: has no effect, as the sweep sets training.epochs in every cell, at "
            "s.yaml:5; set that "
            "axis (--set sweep.…)");
}

// ---- what is refused ----

TEST(Sweep, a_mistake_in_one_cell_of_a_thousand_is_named_with_file_line_and_cell) {
  std::string seeds;
  for (int seed = 1; seed <= 333; ++seed) seeds += fmt::format("{}{}", seed > 1 ? ", " : "", seed);
  EXPECT_EQ(refusal(kTiny + "sweep:\n  common:\n    seed: [" + seeds +
                    "]\n    injection.condition: mode\n    injection.site:\n" +
                    "      - 0\n      - 2\n      - 3\n"),
            "s.yaml:9: cell {seed: 1, injection.condition: mode, injection.site: 3}: injection.site is 3; a "
            "model of 2 layers "
            "has sites 0 to 2");
}

TEST(Sweep, cells_whose_fields_do_not_fit_together_are_refused_where_the_field_is_set) {
  EXPECT_EQ(refusal("model: {hidden: 100}\nsweep: {common: {model.heads: [10, 7]}}"),
            "s.yaml:2: cell {model.heads: 7}: model.hidden is 100 and model.heads is 7: the heads must "
            "divide the hidden "
            "width");
  EXPECT_EQ(
      refusal("data: {max_words: 400}\nsweep:\n  common: {model.max_position: [512, 256]}"),
      "s.yaml:1: cell {model.max_position: 256}: data.max_words is 400, but model.max_position allows 256");
  EXPECT_EQ(refusal("data: {split: folds, folds: 3}\nsweep:\n  common: {data.fold: [0, 1, 2, 3]}"),
            "s.yaml:3: cell {data.fold: 3}: data.fold is 3; with data.folds=3 the folds are 0 to 2");
  EXPECT_THAT(
      refusal("data: {split: folds}\nsweep:\n  common: {training.select: [last, best]}"),
      HasSubstr(
          "s.yaml:3: cell {training.select: best}: training.select: best and training.patience need a valid "
          "part"));
}

TEST(Sweep, names_that_no_field_has_are_refused_with_the_nearest) {
  EXPECT_THAT(refusal("sweep: {common: {injection.conditoin: mode}}"),
              HasSubstr("s.yaml:1: unknown key 'conditoin' in injection, did you mean 'condition'?"));
  EXPECT_THAT(refusal("sweep: {common: {seeds: [1]}}"),
              HasSubstr("unknown key 'seeds', did you mean 'seed'?"));
  EXPECT_THAT(refusal("sweep: {arm: []}"), HasSubstr("did you mean 'arms'?"));
  EXPECT_THAT(refusal("sweep: {common: {report.bootstrap: [100]}}"), HasSubstr("unknown key 'report'"));
  EXPECT_THAT(refusal("sweep: {common: {model.size.tiny: 1}}"),
              HasSubstr("unknown key 'size.tiny' in model"));
  EXPECT_THAT(
      refusal("sweep: {common: {modle: {size: [tiny]}}}"),
      HasSubstr("sweep.common.modle.size: expected a mapping of the fields that it sets to their values, as "
                "'modle' is no field"));
  EXPECT_THAT(refusal("sweep: {common: {corpus: {a: {dataset.nam: x}}}}"), HasSubstr("did you mean 'name'?"));
}

TEST(Sweep, values_that_a_field_cannot_have_are_refused_with_their_line) {
  EXPECT_THAT(
      refusal("sweep:\n  common:\n    training.epochs:\n      - 3\n      - many\n"),
      HasSubstr(
          "s.yaml:5: training.epochs: expected a decimal integer from 1 to 100000 epochs, found 'many'"));
  EXPECT_THAT(refusal("sweep: {common: {tonality.profile: [krumhansl]}}"),
              HasSubstr("tonality.profile: expected one of"));
  EXPECT_THAT(refusal("sweep: {common: {seed: []}}"),
              HasSubstr("sweep.common.seed: expected at least one value"));
  EXPECT_THAT(refusal("sweep: {arms: []}"), HasSubstr("expected a list of arms, or arms by their names"));
  EXPECT_THAT(refusal("sweep: {}"), HasSubstr("expected arms or common axes"));
}

TEST(Sweep, a_field_on_two_axes_is_refused_with_both_places) {
  EXPECT_EQ(
      refusal("sweep:\n  common: {seed: [1, 2]}\n  arms:\n    - corpus:\n        a: {seed: 3}\n"),
      "s.yaml:2: seed is set by the axis corpus already, at s.yaml:4; a field can be on one axis of an arm");
}

TEST(Sweep, the_refusal_of_an_exclusion_has_every_name_once_however_many_arms_there_are) {
  const std::string sweep =
      "sweep:\n  common: {size: {small: {model.size: tiny}, large: {model.size: mini}}, seed: [1, 2]}\n"
      "  arms:\n    - {injection.condition: none}\n    - {injection.condition: mode, injection.site: 0}\n"
      "  exclude:\n";
  EXPECT_THAT(refusal(sweep + "    - {size: larg}"),
              HasSubstr("sweep.exclude.size: expected one of small, large (did you mean 'large'?)"));
  EXPECT_THAT(refusal(sweep + "    - {siz: large}"),
              AllOf(HasSubstr("did you mean 'size'?"), HasSubstr("valid keys: size, ")));
}

TEST(Sweep, an_exclusion_must_leave_out_something_that_there_is) {
  const std::string sweep = "sweep:\n  common: {size: {a: {model.size: tiny}}, seed: [1, 2]}\n  exclude:\n";
  EXPECT_THAT(refusal(sweep + "    - {seed: 3}"), HasSubstr("s.yaml:4: leaves out no cell"));
  EXPECT_THAT(refusal(sweep + "    - {size: b}"), HasSubstr("sweep.exclude.size: expected one of a"));
  EXPECT_THAT(refusal(sweep + "    - {sed: 3}"), HasSubstr("did you mean 'seed'?"));
  EXPECT_THAT(refusal(sweep + "    - {size: a}"), HasSubstr("every cell of the sweep is excluded"));
  EXPECT_THAT(refusal(sweep + "    - {seed: one}"), HasSubstr("s.yaml:4: seed: expected a decimal integer"));
}

TEST(Sweep, more_cells_than_anyone_can_run_are_refused_before_they_are_made) {
  std::string hundred = "[0";
  for (int i = 1; i < 100; ++i) hundred += fmt::format(", {}", i);
  hundred += "]";
  EXPECT_THAT(refusal("sweep: {common: {seed: " + hundred + ", data.fold_seed: " + hundred +
                      ", dataset.synthetic.seed: " + hundred + ", data.fold: " + hundred + "}}"),
              HasSubstr("s.yaml:1: the sweep crosses its axes to 100000000 cells; at most 2000000 are read"));
}

// ---- start weights ----

/// Shapes of a backbone without layers' contents: what tells its sizes is in the metadata.
std::string weights_of(const TemporaryFolder& folder, const RunConfig& config, const std::string& scheme) {
  const std::string path = folder / (scheme + ".safetensors");
  const std::vector<std::byte> zero(4);
  write_safetensors(
      path, {{"x", "F32", {1}, zero}},
      {{"config", config_to_json(config, true).dump()}, {"scheme", scheme}, {"layout", "backbone"}});
  return path;
}

TEST(Sweep, start_weights_that_are_missing_or_of_another_kind_are_found_before_the_first_run) {
  const TemporaryFolder folder;
  RunConfig tiny;
  tiny.model.size = "tiny";
  apply_size(tiny.model);
  const std::string cp4 = weights_of(folder, tiny, "cp4"), cp6 = weights_of(folder, tiny, "cp6");
  const auto sweep = [](const std::string& path) {
    return "model: {size: tiny}\nsweep:\n  common:\n    training.weights:\n      - \"\"\n      - " + path +
           "\n";
  };
  EXPECT_THAT(slugs_of(read(sweep(cp4))), ElementsAre("none_seed1", "none_cp4_seed1"));
  EXPECT_THAT(refusal(sweep(folder / "none.safetensors"), ExitCode::kMissing),
              AllOf(HasSubstr("s.yaml:6: cell {training.weights: "),
                    HasSubstr("none.safetensors: cannot be opened")));
  EXPECT_THAT(refusal(sweep(folder.write("text.safetensors", "this is no file of tensors")), ExitCode::kData),
              AllOf(HasSubstr("s.yaml:6: cell"), HasSubstr("is not a safetensors file")));
  EXPECT_THAT(refusal(sweep(cp6)),
              HasSubstr("cp6.safetensors: was trained on cp6 tokens; tokens.scheme is cp4"));
  EXPECT_THAT(refusal(sweep(cp4) + "    model.layers: [2, 3]\n"),
              AllOf(HasSubstr("s.yaml:6: cell {training.weights: "), HasSubstr("model.layers: 3}"),
                    HasSubstr("model.layers=2 (not 3)")));
}

// ---- names ----

TEST(Slugs, are_file_names_whatever_the_values_are) {
  const Experiment experiment = read(kTiny + R"(
sweep:
  common:
    "odd/name": {"../a b": {training.epochs: 1}, "--": {training.epochs: 2}}
    data.evaluate: [[test], [valid, test]]
    training.trace: ["", /tmp/x/trace.json]
  exclude:
    - {training.trace: /tmp/x/trace.json}
)");
  EXPECT_THAT(slugs_of(experiment), ElementsAre("a-b_none_test_seed1", "a-b_none_valid+test_seed1",
                                                "none_test_seed1", "none_valid+test_seed1"));
}

TEST(Slugs, have_the_stems_of_paths) {
  EXPECT_EQ(slug_of_value("training.weights", "a.safetensors", true), "a");
  EXPECT_EQ(slug_of_value("dataset.input", "../data/my music", true), "my-music");
  EXPECT_EQ(slug_of_value("corpus", "v1.5", true), "v1.5");
  EXPECT_EQ(slug_of_value("training.learning_rate", "2.5e-05", false), "learning_rate2.5e-05");
}

TEST(Slugs, tell_only_what_differs_in_the_sweep) {
  EXPECT_THAT(
      slugs_of(read(kTiny + "sweep: {common: {training.epochs: 3, training.schedule: [linear, cosine], "
                            "training.weight_decay: [0, 0.01]}}")),
      ElementsAre("none_linear_weight_decay0_seed1", "none_linear_weight_decay0.01_seed1",
                  "none_cosine_weight_decay0_seed1", "none_cosine_weight_decay0.01_seed1"));
}

TEST(Slugs, are_cut_where_a_sweep_has_many_axes) {
  std::string axes;
  for (const char* field : {"attention_width", "attention_rows", "hidden"})
    axes += fmt::format("head.{}: [8, 16], ", field);
  for (const char* field : {"epochs", "batch", "patience", "transpose_up", "transpose_down", "warmup"})
    axes += fmt::format("training.{}: [1, {}], ", field, field == std::string("warmup") ? "0" : "2");
  const Experiment experiment = read(kTiny + "sweep: {common: {" + axes + "seed: 1}}");
  EXPECT_EQ(experiment.cells.size(), 512U);
  std::set<std::string> ids;
  for (const Cell& cell : experiment.cells) {
    EXPECT_LE(cell.slug.size(), 120U);
    ids.insert(run_id(cell, {}));
  }
  EXPECT_EQ(ids.size(), 512U);
}

// ---- reading section by section is reading whole configs ----

struct TestAxis {
  std::string path;
  std::vector<std::string> values;
};

/// Fields whose values fit together however they are mixed, presets and what presets set among them.
const std::vector<TestAxis> kCatalogue = {
    {"model.size", {"tiny", "mini", "base"}},
    {"model.layers", {"3", "5", "2"}},
    {"model.hidden", {"48", "96"}},
    {"model.heads", {"1", "2", "4"}},
    {"model.precision", {"float32", "bfloat16"}},
    {"training.optimizer", {"adamw", "adamw_hf"}},
    {"training.epsilon", {"1e-7", "0.5"}},
    {"training.learning_rate", {"1e-3", "0.0003", "2.5e-05", "1"}},
    {"training.device", {"cpu", "auto"}},
    {"injection.condition", {"none", "mode", "constant", "shuffled"}},
    {"injection.site", {"0", "1", "2"}},
    {"injection.film_hidden", {"0", "64"}},
    {"data.split", {"folds", "song_level", "\"sp\\\"lit\""}},
    {"data.fold", {"0", "1"}},
    {"data.evaluate", {"[test]", "[train, test]", "[test, train]"}},
    {"head.hidden", {"16", "32"}},
    {"tokens.scheme", {"cp4", "cp6"}},
    {"dataset.synthetic.pieces", {"8", "10"}},
    {"seed", {"1", "18446744073709551615"}},
};

/// What the whole tree of a cell reads as: the slow way, which needs no trust.
struct WholeTree {
  RunConfig run;
  MusicConfig music;
};

WholeTree read_whole(ConfigNode tree, const std::vector<std::pair<std::string, std::string>>& settings) {
  for (const auto& [path, value] : settings) set_config(tree, path, parse_config(value, "s.yaml"));
  auto base = read_config<ExperimentBase>(tree);
  complete(base.run);
  return {base.run, base.music};
}

void for_each_cell(const std::vector<TestAxis>& axes,
                   std::vector<std::pair<std::string, std::string>>& settings,
                   const std::function<void()>& visit) {
  if (settings.size() == axes.size()) return visit();
  const TestAxis& axis = axes[settings.size()];
  for (const std::string& value : axis.values) {
    settings.emplace_back(axis.path, value);
    for_each_cell(axes, settings, visit);
    settings.pop_back();
  }
}

TEST(Cells, read_section_by_section_are_those_that_whole_trees_read_as) {
  std::size_t compared = 0, refused = 0;
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    RandomStream stream(trial, "random sweeps");
    std::vector<TestAxis> fields = kCatalogue;
    stream.shuffle(std::span(fields));
    ConfigNode root = parse_config("model: {layers: 4}", "s.yaml");
    for (int i = 0; i < 6; ++i)  // what the file says outside the sweep
      set_config(
          root, fields[i].path,
          parse_config(fields[i].values[stream.below(static_cast<std::uint32_t>(fields[i].values.size()))],
                       "s.yaml"));
    std::vector<TestAxis> axes(fields.begin() + 3, fields.begin() + 8);  // some of them are said outside, too
    std::string yaml;
    for (const TestAxis& axis : axes)
      yaml += fmt::format("  {}: [{}]\n", axis.path, fmt::join(axis.values, ", "));
    ConfigNode swept = root;
    set_config(swept, "sweep", parse_config("common:\n" + yaml, "s.yaml"));

    std::vector<std::pair<std::string, std::string>> settings;
    std::vector<WholeTree> expected;
    std::set<std::string> distinct;
    bool is_valid = true;
    for_each_cell(axes, settings, [&] {
      try {
        expected.push_back(read_whole(root, settings));
        distinct.insert(config_to_json(expected.back().run, true).dump() +
                        config_to_json(expected.back().music).dump());
      } catch (const Error&) {
        is_valid = false;
      }
    });
    if (!is_valid || distinct.size() < expected.size()) {  // a mistake, or a cell twice
      EXPECT_THROW(read_experiment(swept), Error) << yaml;
      ++refused;
      continue;
    }
    const Experiment experiment = read_experiment(swept);
    ASSERT_EQ(experiment.cells.size(), expected.size()) << yaml;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Cell& cell = experiment.cells[i];
      ASSERT_EQ(config_to_json(cell.config).dump(), config_to_json(expected[i].run).dump()) << yaml;
      ASSERT_EQ(cell.digest, config_digest(config_to_json(expected[i].run, true))) << yaml;
      ASSERT_EQ(config_to_json(experiment.music[cell.music]).dump(), config_to_json(expected[i].music).dump())
          << yaml;
      ++compared;
    }
  }
  EXPECT_GT(compared, 500U);
  EXPECT_GT(refused, 5U);
}

}  // namespace
}  // namespace mofi
