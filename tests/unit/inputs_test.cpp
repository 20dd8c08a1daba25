#include "ablation/inputs.h"

#include <gmock/gmock.h>

#include "ablation/prepare.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Experiment read(const std::string& yaml) { return read_experiment(parse_config(yaml, "i.yaml")); }

std::vector<std::string> file_names(const std::string& yaml) {
  std::vector<std::string> names;
  for (const InputFiles& files : input_files(read(yaml).music, "r"))
    names.push_back(files.tokens.string() + " " + files.mode.string());
  return names;
}

TEST(InputFiles, of_one_kind_of_music_are_in_the_results_folder_itself) {
  EXPECT_THAT(file_names("dataset: {name: emopia}\nsweep: {common: {seed: [1, 2]}}"),
              ElementsAre("r/tokens.h5 r/mode.h5"));
}

TEST(InputFiles, of_several_kinds_are_named_by_what_differs_and_share_tokens_where_only_keys_differ) {
  EXPECT_THAT(
      file_names(
          "sweep: {common: {dataset.name: [emopia, vgmidi], tonality.profile: [sapp_simple, aarden_essen]}}"),
      ElementsAre("r/inputs/emopia/tokens.h5 r/inputs/emopia/mode_sapp_simple.h5",
                  "r/inputs/emopia/tokens.h5 r/inputs/emopia/mode_aarden_essen.h5",
                  "r/inputs/vgmidi/tokens.h5 r/inputs/vgmidi/mode_sapp_simple.h5",
                  "r/inputs/vgmidi/tokens.h5 r/inputs/vgmidi/mode_aarden_essen.h5"));
  EXPECT_THAT(file_names("sweep: {common: {tonality.weighting: [ticks, seconds]}}"),
              ElementsAre("r/tokens.h5 r/mode_ticks.h5", "r/tokens.h5 r/mode_seconds.h5"));
  EXPECT_THAT(file_names("sweep: {common: {tokens.scheme: [cp4, cp6], tokens.segment_words: [512, 256]}}"),
              ElementsAre("r/inputs/cp4_segment_words512/tokens.h5 r/inputs/cp4_segment_words512/mode.h5",
                          "r/inputs/cp4_segment_words256/tokens.h5 r/inputs/cp4_segment_words256/mode.h5",
                          "r/inputs/cp6_segment_words512/tokens.h5 r/inputs/cp6_segment_words512/mode.h5",
                          "r/inputs/cp6_segment_words256/tokens.h5 r/inputs/cp6_segment_words256/mode.h5"));
}

TEST(InputFiles, whose_names_would_be_the_same_are_told_apart) {
  const auto files = file_names("sweep: {common: {dataset.input: [a/x, b/x]}}");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_NE(files[0], files[1]);
}

TEST(InputFiles, that_are_ready_made_stay_where_they_are) {
  EXPECT_THAT(
      file_names("sweep:\n  common:\n    from:\n      made: {dataset.name: emopia}\n"
                 "      ready: {inputs.tokens: t.h5}\n      both: {inputs: {tokens: t.h5, mode: m.h5}}\n"),
      ElementsAre("r/tokens.h5 r/mode.h5", "t.h5 ", "t.h5 m.h5"));
}

const std::string kTwoCorpora = R"(
dataset: {name: synthetic, synthetic: {pieces: 8}}
data: {split: given, max_words: 32}
sweep:
  common:
    dataset.synthetic.seed: [1, 2]
    tonality.profile: [krumhansl_kessler, aarden_essen]
)";

TEST(SweepInputs, are_made_once_for_all_cells_and_each_cell_gets_its_own) {
  const TemporaryFolder results;
  const Experiment experiment = read(kTwoCorpora);
  compose_music(experiment, results.path());
  make_inputs(experiment, results.path());
  SweepInputs inputs(experiment.music, results.path());
  ASSERT_EQ(experiment.cells.size(), 4U);
  std::vector<RunInputs> read;
  for (const Cell& cell : experiment.cells) read.push_back(inputs.of(cell));
  EXPECT_EQ(read[0].tokens, read[1].tokens);
  EXPECT_EQ(read[2].tokens, read[3].tokens);
  EXPECT_NE(read[0].tokens->header.content_sha256, read[2].tokens->header.content_sha256);
  EXPECT_EQ(read[0].modes->key_profile, "krumhansl_kessler");
  EXPECT_EQ(read[3].modes->key_profile, "aarden_essen");
  EXPECT_EQ(read[3].modes->pieces.front().midi_sha256, read[3].tokens->pieces.front().midi_sha256);
  EXPECT_EQ(inputs.of(experiment.cells[3]).modes, read[3].modes) << "what is read is kept";

  const auto before = std::filesystem::last_write_time(results / "inputs/seed1/tokens.h5");
  make_inputs(experiment, results.path());
  EXPECT_EQ(std::filesystem::last_write_time(results / "inputs/seed1/tokens.h5"), before);
}

TEST(SweepInputs, have_features_where_a_run_needs_them_and_nowhere_else) {
  const TemporaryFolder results;
  const Experiment experiment = read(R"(
dataset: {name: synthetic, synthetic: {pieces: 8}}
data: {split: given, max_words: 32}
sweep:
  common: {dataset.synthetic.seed: [1, 2], tonality.profile: [krumhansl_kessler, aarden_essen]}
  arms:
    models: {injection.condition: none}
    floors: {system: [majority, logistic]}
  exclude:
    - {system: logistic, dataset.synthetic.seed: 2}
)");
  compose_music(experiment, results.path());
  make_inputs(experiment, results.path());
  EXPECT_TRUE(std::filesystem::exists(results / "inputs/seed1/features_aarden_essen.h5"));
  EXPECT_FALSE(std::filesystem::exists(results / "inputs/seed2/features_aarden_essen.h5"));
  SweepInputs inputs(experiment.music, results.path());
  int logistic = 0;
  for (const Cell& cell : experiment.cells) {
    const RunInputs read = inputs.of(cell);
    ASSERT_EQ(read.features != nullptr, cell.config.system == "logistic");
    if (read.features == nullptr) continue;
    ++logistic;
    EXPECT_EQ(read.features->key_profile, experiment.music[cell.music].tonality.profile);
    EXPECT_EQ(read.features->key_profile, read.modes->key_profile);
    EXPECT_EQ(input_digests(cell.config, read).at("features"), read.features->header.content_sha256);
  }
  EXPECT_EQ(logistic, 2);
}

TEST(SweepInputs, are_the_same_alone_and_among_others) {
  const TemporaryFolder several, one;
  const Experiment all = read(kTwoCorpora);
  const Experiment alone = read("dataset: {name: synthetic, synthetic: {pieces: 8, seed: 2}}");
  compose_music(all, several.path());
  make_inputs(all, several.path());
  compose_music(alone, one.path());
  make_inputs(alone, one.path());
  SweepInputs inputs(all.music, several.path()), single(alone.music, one.path());
  EXPECT_EQ(input_digests({}, inputs.of(all.cells[2])), input_digests({}, single.of(alone.cells[0])));
}

TEST(SweepInputs, that_are_not_there_are_missed_only_when_a_run_asks_for_them) {
  const TemporaryFolder results;
  const Experiment experiment =
      read("sweep: {common: {from: {a: {inputs.tokens: none.h5}, b: {dataset.name: emopia}}}}");
  SweepInputs inputs(experiment.music, results.path());
  EXPECT_THAT(refusal_of([&] { inputs.of(experiment.cells[0]); }, ExitCode::kMissing),
              HasSubstr("none.h5: no such file"));
  EXPECT_THAT(refusal_of([&] { inputs.of(experiment.cells[1]); }, ExitCode::kMissing),
              HasSubstr("`mofi run --dry-run` with this config makes it"));
}

}  // namespace
}  // namespace mofi
