// Runs of a sweep that are trainings.

#include "ablation/fine_tune_runs.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "refusal.h"
#include "small_corpus.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

struct Sweep {
  TokenTable tokens = small_corpus(24);
  ModeTable modes = small_modes(tokens);
  RunInputs inputs{&tokens, &modes};
  std::vector<Cell> cells;
  TemporaryFolder results;
  World world = World::alone();

  explicit Sweep(int runs) {
    for (int i = 0; i < runs; ++i) {
      RunConfig config = small_run();
      config.seed = static_cast<std::uint64_t>(i) + 1;
      cells.push_back({config, slug_of(config), ""});
    }
  }
  InputsOf inputs_of() const {
    return [this](const Cell&) { return inputs; };
  }
  std::vector<PlannedRun> plan() const {
    Ledger ledger(results.path());
    return plan_runs(cells, inputs_of(), ledger);
  }
  SweepOutcome run(const SweepOptions& options = {}) const {
    return execute(world, plan(), fine_tune_runs(world, inputs_of()), options);
  }
};

TEST(FineTuneRuns, what_is_missing_is_done_and_what_cannot_be_done_says_why) {
  Sweep sweep(3);
  sweep.cells[1].config.data.split = "not there";
  const SweepOutcome outcome = sweep.run();
  EXPECT_EQ(outcome.done, 2);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_THAT(outcome.failed[0], testing::HasSubstr("data.split is 'not there'"));
  EXPECT_EQ(sweep.run().done, 0);
}

TEST(FineTuneRuns, a_run_whose_own_time_is_over_ends_the_sweep_as_stopped_and_it_goes_on_later) {
  Sweep sweep(2);
  sweep.cells[0].config.training.time_limit_minutes = 1e-9;
  EXPECT_THAT(refusal_of([&] { sweep.run(); }, ExitCode::kStopped),
              testing::HasSubstr("as the time of a run was over"));
  EXPECT_EQ(sweep.plan()[0].state, PlannedRun::State::kResume);
  EXPECT_THAT(sweep.plan()[0].reason, testing::HasSubstr("from the start, after a stop"));
  sweep.cells[0].config.training.time_limit_minutes = 0;
  EXPECT_EQ(sweep.run().done, 2);
}

TEST(FineTuneRuns, a_run_that_takes_longer_than_a_run_may_makes_room_for_the_others) {
  Sweep sweep(2);
  SweepOptions options;
  options.run_timeout_minutes = 1e-9;
  const SweepOutcome outcome = sweep.run(options);
  EXPECT_EQ(outcome.failed.size(), 2U);
  for (const PlannedRun& run : sweep.plan()) EXPECT_THAT(run.reason, testing::HasSubstr("after a time-out"));
  EXPECT_EQ(sweep.run().done, 2);
}

}  // namespace
}  // namespace mofi
