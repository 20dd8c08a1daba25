// Sweeps on one, two and four ranks: every run is done once, whoever does it.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "ablation/claims.h"
#include "fake_runs.h"
#include "ranked_main.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

/// One folder for all ranks.
struct SharedSweep : FakeSweep {
  SharedSweep(int runs, const TemporaryFolder& own)
      : FakeSweep(runs, test_world().broadcast(own.path().string())) {}

  std::vector<PlannedRun> plan(const PlanOptions& options = {}) const {
    Ledger ledger(results);
    return plan_runs(test_world(), cells, inputs_of(), ledger, options);
  }
  SweepOutcome run(const FakeRuns& runs, const SweepOptions& options = {}) const {
    return execute(test_world(), plan(options.plan), runs, options);
  }
  std::map<std::string, int> lines() const {
    std::map<std::string, int> counts;
    if (std::filesystem::exists(results / "log"))
      for (const std::string& line : read_lines(results / "log")) ++counts[line];
    return counts;
  }
};

TEST(Sweep, two_hundred_runs_are_each_done_once_and_equal_those_of_one_process) {
  const TemporaryFolder own, alone_folder;
  const SharedSweep sweep(200, own);
  const SweepOutcome outcome = sweep.run({0.001, sweep.results / "log"});
  EXPECT_EQ(outcome.done, 200);
  EXPECT_TRUE(outcome.failed.empty());
  test_world().barrier();
  if (!test_world().is_root()) return;
  int begun = 0;
  for (const auto& [line, count] : sweep.lines()) {
    EXPECT_EQ(count, 1) << line;
    begun += line.starts_with("began") ? 1 : 0;
  }
  EXPECT_EQ(begun, 200);
  const FakeSweep alone(200, alone_folder.path());
  execute(World::alone(), alone.plan(), FakeRuns{});
  const auto plan = sweep.FakeSweep::plan(), expected = alone.plan();
  for (std::size_t i = 0; i < plan.size(); ++i)
    EXPECT_EQ(content_digest(read_run_record(plan[i].folder)),
              content_digest(read_run_record(expected[i].folder)));
}

TEST(Sweep, groups_of_ranks_do_runs_together) {
  const World& world = test_world();
  const TemporaryFolder own;
  const SharedSweep sweep(12, own);
  SweepOptions options;
  options.ranks_per_run = std::min(2, world.size());
  const auto log = sweep.results / "log";
  const auto plan = sweep.plan();
  const DoRun count = [&](const World& ranks, const PlannedRun& run, double) {
    double members = 1;
    ranks.sum({&members, 1});
    if (members != options.ranks_per_run) fail(ExitCode::kInternal, "{} ranks", members);
    add_line(log, run.id + " " + std::to_string(ranks.rank()));
    return fake_result(run.cell->config);
  };
  EXPECT_EQ(execute(world, plan, count, options).done, 12);
  world.barrier();
  if (!world.is_root()) return;
  EXPECT_EQ(static_cast<int>(sweep.lines().size()), 12 * options.ranks_per_run);
  for (const auto& [line, times] : sweep.lines()) EXPECT_EQ(times, 1) << line;
}

TEST(Sweep, a_group_fails_together_and_goes_on_with_the_next_run) {
  const World& world = test_world();
  const TemporaryFolder own;
  const SharedSweep sweep(8, own);
  SweepOptions options;
  options.ranks_per_run = std::min(2, world.size());
  const SweepOutcome outcome = sweep.run({0,
                                          {},
                                          [](const PlannedRun& run) {
                                            if (run.cell->slug == "none_seed2")
                                              fail(ExitCode::kData, "no luck");
                                          }},
                                         options);
  EXPECT_EQ(outcome.done, 7);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_THAT(outcome.failed[0],
              testing::AllOf(testing::StartsWith("none_seed2-"), testing::HasSubstr("no luck")));
  if (!world.is_root()) return;
  for (const PlannedRun& run : sweep.FakeSweep::plan())
    if (run.cell->slug == "none_seed2") {
      EXPECT_THAT(read_attempts(run.folder)[0].end->stack,
                  testing::Contains(testing::HasSubstr("mofi::attempt_run")));
    }
}

TEST(Sweep, after_as_many_failures_as_are_allowed_no_more_runs_begin) {
  const TemporaryFolder own;
  const SharedSweep sweep(60, own);
  SweepOptions options;
  options.max_failures = 3;
  const SweepOutcome outcome =
      sweep.run({0.001, {}, [](const PlannedRun&) { fail(ExitCode::kData, "no luck"); }}, options);
  EXPECT_GE(outcome.failed.size(), 3U);
  EXPECT_LT(outcome.failed.size(), 3U + static_cast<std::size_t>(test_world().size()));
  if (!test_world().is_root()) return;
  EXPECT_EQ(static_cast<int>(outcome.failed.size()) + outcome.not_begun, 60);
}

TEST(Sweep, a_group_size_that_does_not_divide_the_ranks_is_refused) {
  const TemporaryFolder own;
  const SharedSweep sweep(1, own);
  SweepOptions options;
  options.ranks_per_run = test_world().size() + 1;
  EXPECT_THAT(refusal_of([&] { sweep.run({}, options); }, ExitCode::kUsage),
              testing::HasSubstr("cannot be made of"));
}

}  // namespace
}  // namespace mofi
