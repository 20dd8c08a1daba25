#include "ablation/plan.h"

#include <gmock/gmock.h>

#include <fstream>

#include "ablation/execute.h"
#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/files.h"
#include "midi_examples.h"
#include "refusal.h"
#include "small_corpus.h"

namespace mofi {
namespace {

using State = PlannedRun::State;

struct Sweep {
  TokenTable tokens = small_corpus(24);
  ModeTable modes = small_modes(tokens);
  InputsOf inputs = [this](const Cell& /*cell*/) { return RunInputs{&tokens, &modes}; };
  std::vector<Cell> cells;
  TemporaryFolder results;

  explicit Sweep(int runs) {
    for (int i = 0; i < runs; ++i) {
      RunConfig config = small_run();
      config.seed = static_cast<std::uint64_t>(i) + 1;
      cells.push_back({config, slug_of(config), ""});
    }
  }
  std::vector<PlannedRun> plan() const { return plan_runs(cells, inputs, results.path()); }
};

TEST(Plan, says_what_is_done_new_unfinished_failed_and_damaged_and_why) {
  const Sweep sweep(5);
  auto plan = sweep.plan();
  EXPECT_EQ(count_states(plan), "5 new");
  execute(World::alone(), {plan[0], plan[3]}, sweep.inputs);
  std::filesystem::create_directories(plan[1].folder);
  write_failure(plan[2].folder, "out of luck\nmore");
  std::filesystem::resize_file(plan[3].folder / kPredictionsFile, 100);

  plan = sweep.plan();
  const State expected[] = {State::kDone, State::kUnfinished, State::kFailed, State::kDamaged, State::kNew};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(plan[i].state, expected[i]) << i << ": " << plan[i].reason;
  EXPECT_EQ(plan[2].reason, "failed before: out of luck");
  EXPECT_THAT(plan[3].reason, testing::HasSubstr("predictions.h5"));
}

TEST(Plan, a_result_that_was_copied_from_another_run_does_not_count) {
  const Sweep sweep(2);
  const auto plan = sweep.plan();
  execute(World::alone(), {plan[0]}, sweep.inputs);
  std::filesystem::copy(plan[0].folder, plan[1].folder);
  EXPECT_EQ(sweep.plan()[1].state, State::kDamaged);
}

TEST(Execute, does_what_is_missing_and_leaves_alone_what_is_done) {
  const Sweep sweep(3);
  execute(World::alone(), {sweep.plan()[1]}, sweep.inputs);
  const auto before = std::filesystem::last_write_time(sweep.plan()[1].folder / kResultFile);
  EXPECT_EQ(execute(World::alone(), sweep.plan(), sweep.inputs).done, 2);
  EXPECT_EQ(execute(World::alone(), sweep.plan(), sweep.inputs).done, 0);
  EXPECT_EQ(std::filesystem::last_write_time(sweep.plan()[1].folder / kResultFile), before);
}

TEST(Execute, a_run_that_fails_keeps_its_reason_and_stops_no_other) {
  Sweep sweep(3);
  sweep.cells[1].config.data.split = "not there";
  const SweepOutcome outcome = execute(World::alone(), sweep.plan(), sweep.inputs);
  EXPECT_EQ(outcome.done, 2);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_THAT(outcome.failed[0], testing::HasSubstr("data.split is 'not there'"));
  EXPECT_EQ(sweep.plan()[1].state, State::kFailed);
  try {
    require_success(outcome);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kFailedRuns);
  }
}

TEST(Execute, a_run_whose_time_is_over_ends_the_sweep_as_stopped_and_it_goes_on_later) {
  Sweep sweep(2);
  sweep.cells[0].config.training.time_limit_minutes = 1e-9;
  EXPECT_THAT(refusal_of([&] { execute(World::alone(), sweep.plan(), sweep.inputs); }, ExitCode::kStopped),
              testing::HasSubstr("as the time of a run was over"));
  sweep.cells[0].config.training.time_limit_minutes = 0;
  EXPECT_EQ(execute(World::alone(), sweep.plan(), sweep.inputs).done, 2);
}

}  // namespace
}  // namespace mofi
