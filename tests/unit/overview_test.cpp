// What `mofi status` says of folders of results, without any config.

#include "ablation/overview.h"

#include <gmock/gmock.h>

#include <optional>
#include <sstream>

#include "ablation/remembered_plan.h"
#include "core/files.h"
#include "fake_runs.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using State = Overview::State;

struct Sweep : TemporaryFolder, FakeSweep {
  explicit Sweep(int runs) : FakeSweep(runs, path()) {}
};

TEST(Overview, counts_what_the_plan_of_a_sweep_says_of_its_runs) {
  const Sweep sweep(6);
  const auto plan = sweep.plan();
  remember_plan(sweep.results, plan);
  execute(World::alone(), {plan[0], plan[1]}, FakeRuns{});
  const FakeRuns failing{
      0, {}, [](const PlannedRun&) { fail(ExitCode::kInternal, "the gradient is no longer finite"); }};
  execute(World::alone(), {plan[2]}, failing);
  const auto all = overviews(sweep.results);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].runs, 6);
  EXPECT_EQ(all[0].done, 2);
  EXPECT_EQ(all[0].failed, 1);
  EXPECT_EQ(all[0].to_do, 3);
  EXPECT_EQ(all[0].running, 0);
  EXPECT_EQ(all[0].state, State::kFailed);
  EXPECT_THAT(all[0].first_failure, StartsWith(plan[2].id + ": "));
  EXPECT_THAT(all[0].first_failure, HasSubstr("the gradient is no longer finite"));

  execute(World::alone(), sweep.plan(), FakeRuns{});
  EXPECT_EQ(overviews(sweep.results)[0].state, State::kDone);
  EXPECT_EQ(overviews(sweep.results)[0].done, 6);
}

TEST(Overview, says_who_is_at_work_on_what_and_how_long_it_takes) {
  const Sweep sweep(5);
  remember_plan(sweep.results, sweep.plan());
  std::optional<Overview> seen;
  int begun = 0;
  const FakeRuns looking{0, {}, [&](const PlannedRun&) {
                           if (++begun == 4) seen = overviews(sweep.results).at(0);
                         }};
  execute(World::alone(), sweep.plan(), looking);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->state, State::kRunning);
  EXPECT_EQ(seen->running, 1);
  EXPECT_EQ(seen->done, 3);
  EXPECT_EQ(seen->to_do, 1);
  EXPECT_EQ(seen->hosts, std::set<std::string>{this_process().host});
  ASSERT_TRUE(seen->left_s);
  EXPECT_GE(*seen->left_s, 0);
  EXPECT_THAT(overview_text({*seen}, 0, false), HasSubstr("on " + this_process().host));
}

TEST(Overview, without_a_plan_it_counts_folders_and_says_so) {
  const Sweep sweep(3);
  execute(World::alone(), sweep.plan(), FakeRuns{});
  for (const char* damage :
       {"", "[]", "{\"schema\": \"mofi-plan/9\"}", "{\"schema\": \"mofi-plan/1\"}",
        "{\"schema\": \"mofi-plan/1\", \"kinds\": [{\"runs\": [\"../x\"], \"epochs\": 1, "
        "\"shape\": \"\"}]}"}) {
    replace_file(sweep.results / kPlanFile, damage);
    const Overview one = overviews(sweep.results).at(0);
    EXPECT_EQ(one.done, 3) << damage;
    EXPECT_FALSE(one.knows_plan) << damage;
    EXPECT_THAT(overview_text({one}, 0, false), HasSubstr("only its config tells")) << damage;
  }
}

TEST(Overview, finds_trainings_alone_below_the_folder_by_what_they_leave) {
  const TemporaryFolder results;
  for (const char* name : {"a/pretrained", "b/one", "c/alive", "c/dead", ".hidden/one", "d/empty"})
    std::filesystem::create_directories(results / name);
  replace_file(results / "a/pretrained/pretraining.json", "{}");
  replace_file(results / "b/one/result.json", "{}");
  replace_file(results / ".hidden/one/result.json", "{}");
  const std::string log =
      "{\"step\": 60, \"epoch\": 1}\n{\"step\": 120, \"epoch\": 2, \"items_per_s\": 11.25}\n{\"step\": 1";
  for (const char* name : {"c/alive/events.jsonl", "c/dead/events.jsonl"}) replace_file(results / name, log);
  std::filesystem::last_write_time(results / "c/dead/events.jsonl",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  const auto all = overviews(results.path());
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].kind, Overview::Kind::kPretraining);
  EXPECT_EQ(all[0].state, State::kDone);
  EXPECT_EQ(all[1].kind, Overview::Kind::kRun);
  EXPECT_EQ(all[1].state, State::kDone);
  EXPECT_EQ(all[2].state, State::kRunning);
  EXPECT_EQ(all[2].doing, "step 120, epoch 2, 11.2 rows/s");
  EXPECT_EQ(all[3].state, State::kUnfinished);
}

TEST(Overview, lines_are_aligned_cut_to_the_window_and_coloured_only_where_asked) {
  const Overview done{.folder = "results/one", .runs = 4, .done = 4};
  const Overview failed{.folder = "results/another",
                        .state = State::kFailed,
                        .runs = 12,
                        .done = 3,
                        .failed = 9,
                        .first_failure = "mode_site0-0123: after 3 attempts, the last with an error"};
  const std::string text = overview_text({done, failed}, 0, false);
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, HasSubstr("  done    results/one      sweep   4/4        –       –"));
  EXPECT_THAT(text, HasSubstr("  failed  results/another  sweep  3/12        –       9"));
  std::istringstream lines(overview_text({done, failed}, 60, false));
  for (std::string line; std::getline(lines, line);) {
    const auto letters =
        std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    EXPECT_LT(letters, 60) << line;
  }
  EXPECT_THAT(overview_text({failed}, 60, true), HasSubstr("\033[31mfailed\033[0m  results/another"));
}

TEST(Overview, json_has_every_number_and_null_where_it_is_not_known) {
  const Json json = to_json({Overview{.folder = "r", .runs = 2, .done = 1, .to_do = 1, .left_s = 3.5}});
  EXPECT_EQ(json["schema"], "mofi-status/1");
  EXPECT_EQ(json["results"][0]["left_s"], 3.5);
  EXPECT_TRUE(json["results"][0]["runs_per_hour"].is_null());
  EXPECT_EQ(json["results"][0]["to_do"], 1);
}

TEST(Overview, a_folder_that_is_not_there_is_an_error_that_says_what_to_name) {
  const TemporaryFolder empty;
  EXPECT_TRUE(overviews(empty.path()).empty());
  EXPECT_THAT(refusal_of([&] { overviews(empty / "none"); }, ExitCode::kMissing),
              HasSubstr("no such folder"));
}

}  // namespace
}  // namespace mofi
