// What a plan says of runs in every state, and what the executor makes of them.

#include "ablation/plan.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ablation/claims.h"
#include "ablation/explain.h"
#include "ablation/left_overs.h"
#include "ablation/run_folder.h"
#include "core/files.h"
#include "core/log.h"
#include "fake_runs.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using State = PlannedRun::State;
using testing::HasSubstr;

struct Sweep : TemporaryFolder, FakeSweep {
  explicit Sweep(int runs) : FakeSweep(runs, path()) {}
  PlannedRun planned(int run, const PlanOptions& options = {}) const { return plan(options)[run]; }
  SweepOutcome run(const FakeRuns& runs = {}, const SweepOptions& options = {}) const {
    return execute(World::alone(), plan(options.plan), runs, options);
  }
};

FakeRuns failing(const std::string& reason) {
  return {0, {}, [reason](const PlannedRun&) { fail(ExitCode::kInternal, "{}", reason); }};
}

/// A process that claims the run and dies, killed or in order.
void claimed_by_the_dead(const PlannedRun& run, const std::filesystem::path& results, bool killed) {
  const pid_t child = fork();
  if (child == 0) {
    auto* heartbeat = new Heartbeat(results);
    LifeWatch watch(results);
    const bool is_ours = claim_run(run, watch, {}).kind == Claim::Kind::kOurs;
    if (!killed) delete heartbeat;
    _exit(is_ours ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
}

TEST(Plan, says_what_is_done_new_and_damaged_and_why) {
  const Sweep sweep(4);
  auto plan = sweep.plan();
  EXPECT_EQ(count_states(plan), "4 new");
  execute(World::alone(), {plan[0], plan[1], plan[2]}, FakeRuns{});
  std::filesystem::resize_file(plan[1].folder / kPredictionsFile, 100);
  std::filesystem::remove_all(plan[2].folder);
  std::filesystem::copy(plan[0].folder, plan[2].folder);
  plan = sweep.plan();
  EXPECT_EQ(plan[0].reason, "its result is there and verified");
  EXPECT_EQ(plan[1].state, State::kDamaged);
  EXPECT_THAT(plan[1].reason, HasSubstr("predictions.h5"));
  EXPECT_EQ(plan[2].state, State::kDamaged);
  EXPECT_THAT(plan[2].reason, HasSubstr("is that of another run"));
  EXPECT_EQ(plan[3].state, State::kNew);
  EXPECT_EQ(count_states(plan), "1 done, 1 new, 2 damaged");
  EXPECT_EQ(sweep.run().done, 3);
  EXPECT_EQ(count_states(sweep.plan()), "4 done");
}

TEST(Plan, runs_keep_their_folder_when_another_axis_gives_them_another_name) {
  Sweep sweep(3);
  EXPECT_EQ(sweep.run().done, 3);
  const std::string before = sweep.planned(1).id;
  for (Cell& cell : sweep.cells) cell.slug = "emopia_" + cell.slug;
  const PlannedRun after = sweep.planned(1);
  EXPECT_EQ(after.state, State::kDone) << after.reason;
  EXPECT_EQ(after.id, before);
}

TEST(Plan, a_run_that_failed_is_tried_again_until_it_is_given_up_and_may_be_asked_for_again) {
  const Sweep sweep(1);
  for (int attempt = 2; attempt <= 3; ++attempt) {
    EXPECT_EQ(sweep.run(failing("no luck\nsomewhere")).failed.size(), 1U);
    EXPECT_EQ(sweep.planned(0).state, State::kRetry);
    EXPECT_EQ(sweep.planned(0).reason, fmt::format("attempt {} after an error: no luck", attempt));
  }
  sweep.run(failing("no luck"));
  EXPECT_EQ(sweep.planned(0).state, State::kGivenUp);
  EXPECT_EQ(sweep.planned(0).reason, "after 3 attempts, the last with an error: no luck");
  const SweepOutcome outcome = sweep.run();
  EXPECT_EQ(outcome.done, 0);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_THAT(outcome.failed[0], HasSubstr("given up after 3 attempts"));

  EXPECT_EQ(sweep.planned(0, {.max_attempts = 4}).state, State::kRetry);
  EXPECT_EQ(sweep.planned(0, {.max_attempts = 0}).state, State::kRetry);
  EXPECT_EQ(sweep.planned(0, {.rerun = {"failed"}}).state, State::kRetry);
  EXPECT_EQ(retry_failed(sweep.plan()).size(), 1U);
  EXPECT_EQ(sweep.planned(0).reason, "was asked for again");
  EXPECT_EQ(sweep.run().done, 1);
  EXPECT_EQ(read_attempts(sweep.planned(0).folder).size(), 5U);
}

TEST(Plan, a_run_whose_process_was_killed_has_crashed_and_is_not_retried_for_ever) {
  const Sweep sweep(1);
  for (int attempt = 2; attempt <= 3; ++attempt) {
    claimed_by_the_dead(sweep.planned(0), sweep.results, true);
    EXPECT_THAT(sweep.planned(0).reason,
                HasSubstr(fmt::format("attempt {} after a crash: process ", attempt)));
  }
  claimed_by_the_dead(sweep.planned(0), sweep.results, true);
  EXPECT_EQ(sweep.planned(0).state, State::kGivenUp);
}

TEST(Plan, a_run_that_was_stopped_goes_on_from_its_checkpoint_and_was_no_failure) {
  const Sweep sweep(1);
  SweepOptions options;
  options.run_timeout_minutes = 1e-9;
  FakeRuns slow{10};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sweep.run(slow, options).failed.size(), 1U);
  EXPECT_EQ(sweep.planned(0).state, State::kRetry);
  EXPECT_THAT(sweep.planned(0).reason, testing::AllOf(HasSubstr("attempt 5 after a time-out"),
                                                      HasSubstr("goes on after epoch 1 of 2")));
  for (int i = 0; i < 4; ++i) claimed_by_the_dead(sweep.planned(0), sweep.results, false);
  EXPECT_EQ(sweep.planned(0).state, State::kResume);
  EXPECT_EQ(sweep.planned(0).reason, "goes on after epoch 1 of 2");
  EXPECT_EQ(sweep.run().done, 1);
  EXPECT_FALSE(std::filesystem::exists(sweep.planned(0).folder / kCheckpointFolder));
}

TEST(Plan, a_run_that_a_living_process_does_is_left_to_it) {
  const Sweep sweep(2);
  LifeWatch watch(sweep.results);
  ASSERT_EQ(claim_run(sweep.planned(0), watch, {}).kind, Claim::Kind::kOurs);
  EXPECT_EQ(sweep.planned(0).state, State::kRunning);
  EXPECT_THAT(sweep.planned(0).reason, HasSubstr(fmt::format("process {} on ", getpid())));
  const SweepOutcome outcome = sweep.run();
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.elsewhere, 1);
}

TEST(Plan, a_process_on_a_machine_that_is_gone_is_found_dead_after_the_lease) {
  const Sweep sweep(1);
  const auto folder = sweep.planned(0).folder;
  begin_attempt(folder, 1);
  Attempt attempt = read_attempts(folder)[0];
  attempt.process.boot = "another machine's";
  std::string text = read_text(folder / "attempt_1.json");
  text.replace(text.find(this_process().boot), this_process().boot.size(), attempt.process.boot);
  replace_file(folder / "attempt_1.json", text);
  EXPECT_EQ(sweep.planned(0).state, State::kRunning);
  SweepOptions options;
  options.lease_s = 0.2;
  EXPECT_EQ(sweep.run({}, options).done, 1);
  EXPECT_EQ(read_attempts(folder).size(), 2U);
}

TEST(Plan, a_result_of_other_inputs_is_named_with_what_differs) {
  Sweep sweep(2);
  sweep.run();
  const std::string before = sweep.planned(0).id;
  sweep.tokens.header.content_sha256 = std::string(64, 'e');
  EXPECT_EQ(sweep.planned(0).state, State::kStale);
  EXPECT_THAT(sweep.planned(0).reason, testing::AllOf(HasSubstr(before), HasSubstr("other tokens ("),
                                                      HasSubstr("there, eeeeeeee now")));
  std::filesystem::remove(sweep.results / "ledger");
  EXPECT_EQ(sweep.planned(0).state, State::kStale);
  EXPECT_EQ(sweep.run().done, 2);
}

TEST(Plan, what_a_newer_version_made_is_never_touched) {
  const Sweep sweep(4);
  auto plan = sweep.plan();
  execute(World::alone(), {plan[0]}, FakeRuns{});
  std::string result = read_text(plan[0].folder / kResultFile);
  replace_file(plan[0].folder / kResultFile,
               result.replace(result.find("mofi-result/1"), 13, "mofi-result/9"));
  replace_file(plan[1].folder / "attempt_1.json", R"({"schema": "mofi-attempt/2"})");
  replace_file(plan[2].folder / kCheckpointFolder / "step_000000001" / "checkpoint.json",
               R"({"schema": "mofi-checkpoint/2"})");
  const SweepOutcome outcome = sweep.run();
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(outcome.failed.size(), 3U);
  plan = sweep.plan();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(plan[i].state, State::kNewer) << plan[i].reason;
    EXPECT_THAT(plan[i].reason, HasSubstr("which a newer version of mofi writes: use that one"));
  }
  EXPECT_EQ(read_text(plan[0].folder / kResultFile), result);
}

TEST(Plan, done_runs_are_done_again_only_where_that_is_asked_for) {
  const Sweep sweep(3);
  sweep.run();
  const auto file = sweep.planned(0).folder / kResultFile;
  RunRecord record = read_run_record(sweep.planned(0).folder);
  record.provenance["producer"] = "mofi of last year";
  write_run_record(sweep.planned(0).folder, record);
  EXPECT_EQ(sweep.run().done, 0);
  EXPECT_THAT(sweep.planned(0, {.rerun = {"code"}}).reason, HasSubstr("was done by mofi of last year"));
  EXPECT_EQ(count_states(sweep.plan({.rerun = {"code"}})), "2 done, 1 to be done again");
  SweepOptions options;
  options.plan.rerun = {"code"};
  EXPECT_EQ(sweep.run({}, options).done, 1);
  EXPECT_EQ(sweep.run({}, options).done, 0);
  options.plan.rerun = {"all"};
  EXPECT_EQ(sweep.run({}, options).done, 3);
  EXPECT_EQ(read_attempts(sweep.planned(0).folder).size(), 3U);
}

TEST(Plan, time_is_estimated_from_runs_of_the_same_shape) {
  const Sweep sweep(8);
  EXPECT_EQ(text_of(estimate(sweep.plan(), {})), "");
  auto plan = sweep.plan();
  execute(World::alone(), {plan[0], plan[1]}, FakeRuns{});
  plan = sweep.plan();
  const TimeEstimate time = estimate(plan, measured_times(Ledger(sweep.results)));
  EXPECT_EQ(time.measured, 6);
  EXPECT_EQ(text_of(time), "about 0.1 s on one rank, 0.0 s on 2, 0.0 s on 4");
}

TEST(Claims, of_two_that_planned_the_same_one_gets_the_run_and_the_other_knows_why_not) {
  const Sweep sweep(1);
  const PlannedRun run = sweep.planned(0);
  LifeWatch watch(sweep.results);
  EXPECT_EQ(claim_run(run, watch, {}).kind, Claim::Kind::kOurs);
  EXPECT_EQ(claim_run(run, watch, {}).kind, Claim::Kind::kTaken);
  end_own_attempt(run.folder, 1, {.kind = EndKind::kError, .text = "no luck\n…"});
  const Claim failed = claim_run(run, watch, {});
  EXPECT_EQ(failed.kind, Claim::Kind::kFailed);
  EXPECT_EQ(failed.text, "no luck");
  EXPECT_EQ(claim_run(sweep.planned(0), watch, {}).kind, Claim::Kind::kOurs);  // a plan that knows of it
  write_run_folder(run.folder, run.id, run.cell->config, *run.inputs, fake_result(run.cell->config));
  EXPECT_EQ(claim_run(run, watch, {}).kind, Claim::Kind::kDone);
}

[[gnu::noinline]] void fails_far_out() { throw std::out_of_range("far out\nstack"); }

TEST(Execute, a_failure_keeps_its_text_its_stack_and_the_lines_before_it_and_stops_no_other) {
  const Sweep sweep(3);
  const FakeRuns runs{0, {}, [](const PlannedRun& run) {
                        log_info("on the way to failure");
                        if (run.cell->slug == "constant_site0_seed1") fails_far_out();
                      }};
  const SweepOutcome outcome = sweep.run(runs);
  EXPECT_EQ(outcome.done, 2);
  ASSERT_EQ(outcome.failed.size(), 1U);
  EXPECT_THAT(outcome.failed[0], testing::EndsWith(": far out"));
  const AttemptEnd end = *read_attempts(sweep.planned(1).folder)[0].end;
  EXPECT_EQ(end.text, "far out\nstack");
  EXPECT_EQ(end.type, "std::out_of_range");
  ASSERT_THAT(end.stack, testing::Not(testing::IsEmpty()));
  EXPECT_THAT(end.stack[0], HasSubstr("fails_far_out"));
  EXPECT_THAT(end.log, testing::Contains("info: on the way to failure"));
  EXPECT_THAT(refusal_of([&] { require_success(outcome); }, ExitCode::kFailedRuns),
              HasSubstr("1 of 3 runs failed"));
}

TEST(Execute, a_run_that_was_taken_over_in_the_meantime_is_not_written) {
  const Sweep sweep(1);
  const FakeRuns runs{0, {}, [](const PlannedRun& run) {
                        begin_attempt(run.folder, 2);
                        end_own_attempt(run.folder, 2, {.kind = EndKind::kError, .text = "theirs"});
                      }};
  EXPECT_EQ(sweep.run(runs).done, 0);
  EXPECT_FALSE(std::filesystem::exists(sweep.planned(0).folder / kResultFile));
  EXPECT_EQ(read_attempts(sweep.planned(0).folder)[0].end->kind, EndKind::kLost);
}

TEST(Explain, a_run_is_told_with_its_attempts_and_how_it_differs_from_the_nearest_done_one) {
  Sweep sweep(5);
  sweep.cells[1].source = "mine.yaml:7";
  sweep.run({0, {}, [](const PlannedRun& run) {
               if (run.cell->config.injection.condition == "constant")
                 fail(ExitCode::kData, "no luck\nat all");
             }});
  const auto plan = sweep.plan();
  const std::string text = explain(run_named(plan, "constant"), Ledger(sweep.results));
  for (const char* part : {"attempt 2 after an error: no luck", "mine.yaml:7", "digest of tokens", "| at all",
                           "mofi::Error, exit code 65", "injection.condition", "constant", "thrown in",
                           "  | mofi::attempt_run("})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(refusal_of([&] { run_named(plan, "none"); }, ExitCode::kUsage),
              HasSubstr("2 runs are called so"));
  EXPECT_THAT(refusal_of([&] { run_named(plan, "no such"); }, ExitCode::kUsage),
              HasSubstr("no run of that name"));
}

TEST(LeftOvers, what_nobody_needs_is_found_and_removed_and_results_never_are) {
  const Sweep sweep(3);
  const auto plan = sweep.plan();
  execute(World::alone(), {plan[0]}, FakeRuns{});
  FakeRuns::keep(plan[0]);                            // of a run that is done
  claimed_by_the_dead(plan[1], sweep.results, true);  // its job file tells of a crash
  const auto orphan = sweep.results / "runs" / "of_another_plan-0123456789ab";
  sweep.write("runs/of_another_plan-0123456789ab/config.yaml", "");
  const std::set<std::string> wanted = {plan[0].id, plan[1].id, plan[2].id};

  auto found = find_left_overs(sweep.results, wanted, false);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, plan[0].folder / kCheckpointFolder);
  found = find_left_overs(sweep.results, wanted, true);
  EXPECT_EQ(found.size(), 2U);
  EXPECT_GT(remove(found), 0U);
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_EQ(sweep.planned(0).state, State::kDone);
  EXPECT_THAT(sweep.planned(1).reason, HasSubstr("after a crash"));

  EXPECT_EQ(sweep.run().done, 2);
  found = find_left_overs(sweep.results, wanted, false);  // now nobody asks how that process ended
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path.parent_path(), sweep.results / kJobsFolder);
  EXPECT_TRUE(find_left_overs(sweep.results, {}, true).size() == 1U);  // results nobody asks for stay
}

TEST(LeftOvers, of_other_machines_only_what_was_not_touched_for_an_hour_is_one) {
  const Sweep sweep(2);
  const auto plan = sweep.plan();
  const auto elsewhere = [](const std::string& host) {
    ProcessId process = this_process();
    process.host = host;
    process.boot = "another";
    return process;
  };
  const auto job_of = [&](const std::string& host) {
    const Json job = {{"schema", kJobSchema},
                      {"process", to_json(elsewhere(host))},
                      {"began", "then"},
                      {"beats", 3},
                      {"run", ""},
                      {"told_to_stop", 0},
                      {"doing", ""}};
    replace_file(job_file(sweep.results, elsewhere(host)), job.dump());
    return job_file(sweep.results, elsewhere(host));
  };
  const auto long_ago = [](const std::filesystem::path& path) {
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - std::chrono::hours(2));
  };
  const auto forgotten = job_of("forgotten"), needed = job_of("needed"), young_job = job_of("young");
  begin_attempt(plan[1].folder, 1);  // whose end nobody has judged yet, nor can without the job's file
  const auto file = plan[1].folder / "attempt_1.json";
  Json attempt = Json::parse(read_text(file));
  attempt["process"] = to_json(elsewhere("needed"));
  replace_file(file, attempt.dump());
  const std::string run = "runs/" + plan[0].id + "/";
  const auto half = sweep.write(run + ".predictions.h5.writing-elsewhere-12-0", "half");
  const auto young = sweep.write(run + ".result.json.writing-elsewhere-13-0", "half");
  const auto with_a_young_file =
      sweep.write(run + ".checkpoint.writing-elsewhere-14-0/w", "half").parent_path();
  for (const auto& path : {forgotten, needed, half, with_a_young_file}) long_ago(path);

  const auto left_overs = find_left_overs(sweep.results, {}, false);
  std::vector<std::filesystem::path> found;
  for (const LeftOver& left_over : left_overs) found.push_back(left_over.path);
  EXPECT_THAT(found, testing::UnorderedElementsAre(forgotten, half));
  remove(left_overs);
  for (const auto& path : {needed, young_job, young, with_a_young_file})
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

}  // namespace
}  // namespace mofi
