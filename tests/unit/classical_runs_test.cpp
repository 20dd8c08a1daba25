// Runs of a sweep that are classical systems.

#include "ablation/classical_runs.h"

#include <gmock/gmock.h>

#include "ablation/experiment.h"
#include "ablation/prepare.h"
#include "refusal.h"
#include "report/aggregate.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

const std::string kComposed = R"(
name: composed
dataset: {name: synthetic, synthetic: {pieces: 80}}
data: {split: folds, evaluate: [test]}
report: {baseline: [system=majority], bootstrap: 200}
classifier: {trees: 20}
sweep:
  common:
    data.fold: [0, 1, 2, 3, 4]
  arms:
    floor: {system: majority}
    told: {system: [mode_only, logistic, linear_svm, rbf_svm, random_forest]}
)";

struct Sweep {
  TemporaryFolder results;
  Experiment experiment;
  World world = World::alone();

  explicit Sweep(const std::string& yaml) : experiment(read_experiment(parse_config(yaml, "c.yaml"))) {
    compose_music(experiment, results.path());
    make_inputs(experiment, results.path());
  }
  std::vector<PlannedRun> plan(SweepInputs& inputs) const {
    Ledger ledger(results.path());
    return plan_runs(experiment.cells, inputs, ledger);
  }
  SweepOutcome run() const {
    SweepInputs inputs(experiment.music, results.path());
    check_cells(experiment.cells, inputs);
    return execute(world, plan(inputs), classical_runs(inputs));
  }
};

TEST(ClassicalRuns, are_done_once_and_make_a_table_with_a_row_for_every_system) {
  const Sweep sweep(kComposed);
  const SweepOutcome outcome = sweep.run();
  EXPECT_EQ(outcome.done, 30);
  EXPECT_TRUE(outcome.failed.empty());
  EXPECT_EQ(sweep.run().done, 0);

  AblationOptions options;
  options.baseline = sweep.experiment.report.baseline;
  options.bootstrap.resamples = 200;
  const AggregateSummary summary = aggregate(sweep.results.path(), sweep.results / "out", options);
  EXPECT_EQ(summary.arms, 6U);
  const std::string table = to_terminal(summary.table);
  for (const std::string& system : classical_systems()) EXPECT_THAT(table, HasSubstr(system));
  for (const Column& column : summary.table.columns)
    EXPECT_THAT(column.name, testing::AllOf(testing::Ne("learning_rate"), testing::Ne("condition")));

  const RunSet runs = read_runs(sweep.results.path());
  std::vector<const mofi::Run*> all;
  for (const mofi::Run& run : runs.runs) all.push_back(&run);
  const Ablation scores = ablate(all, runs, options);
  std::map<std::string, double> accuracy;
  for (std::size_t i = 0; i < scores.results.size(); ++i)
    accuracy[scores.set.arms[i].config.get("system")] = scores.results[i].accuracy.mean;
  EXPECT_GT(accuracy["mode_only"], accuracy["majority"] + 0.1) << "composed modes carry valence";
  EXPECT_GT(accuracy["logistic"], accuracy["mode_only"] + 0.15)
      << "composed density and loudness carry arousal";
}

TEST(ClassicalRuns, depend_on_the_features_and_the_modes_and_the_majority_on_neither_features) {
  const Sweep sweep(kComposed);
  SweepInputs inputs(sweep.experiment.music, sweep.results.path());
  for (const PlannedRun& run : sweep.plan(inputs)) {
    EXPECT_THAT(*run.inputs, Contains(Key("tokens")));
    if (run.cell->config.system == "majority") {
      EXPECT_THAT(*run.inputs, Not(Contains(Key("features"))));
    } else {
      EXPECT_EQ(run.inputs->at("features"),
                read_features(sweep.results / "features.h5").header.content_sha256);
    }
  }
}

TEST(ClassicalRuns, of_ready_made_tokens_need_ready_made_features) {
  const Sweep made(kComposed);
  const auto with = [&](const std::string& features) {
    const Experiment experiment = read_experiment(
        parse_config("{data: {split: given, evaluate: [test]}, system: logistic, inputs: {tokens: " +
                         (made.results / "tokens.h5").string() + features + "}}",
                     "r.yaml"));
    SweepInputs inputs(experiment.music, made.results.path());
    return inputs.of(experiment.cells.front());
  };
  EXPECT_THAT(refusal_of([&] { with(""); }, ExitCode::kUsage),
              HasSubstr("system logistic needs features, and of ready-made tokens none are known"));
  EXPECT_THAT(refusal_of([&] { with(", features: nowhere.h5"); }, ExitCode::kMissing),
              HasSubstr("nowhere.h5: no such file; make it with `mofi features`"));
}

}  // namespace
}  // namespace mofi
