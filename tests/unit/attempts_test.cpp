#include "ablation/attempts.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "ablation/jobs.h"
#include "core/files.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

constexpr int kNumbers = 100;

int attempts_won(const std::filesystem::path& folder) {
  int won = 0;
  for (int number = 1; number <= kNumbers; ++number) won += begin_attempt(folder, number) ? 1 : 0;
  return won;
}

AttemptEnd ended(EndKind kind) { return {.kind = kind, .text = "for a reason\nand more"}; }

/// A process that is no more.
ProcessId dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ProcessId dead = this_process();
  dead.pid = child;
  dead.started = 1;
  waitpid(child, nullptr, 0);
  return dead;
}

void write_job(const std::filesystem::path& results, const ProcessId& process, int told_to_stop) {
  const Json job = {{"schema", kJobSchema}, {"process", to_json(process)},  {"began", "then"},  {"beats", 3},
                    {"run", "some"},        {"told_to_stop", told_to_stop}, {"doing", "step 1"}};
  replace_file(job_file(results, process), job.dump());
}

TEST(Attempts, of_many_threads_exactly_one_makes_each_attempt) {
  const TemporaryFolder folder;
  std::atomic<int> won{0};
  std::vector<std::thread> claimers;
  for (int i = 0; i < 8; ++i) claimers.emplace_back([&] { won += attempts_won(folder.path()); });
  for (std::thread& claimer : claimers) claimer.join();
  EXPECT_EQ(won, kNumbers);
  EXPECT_EQ(static_cast<int>(read_attempts(folder.path()).size()), kNumbers);
}

TEST(Attempts, of_many_processes_exactly_one_makes_each_attempt) {
  const TemporaryFolder folder;
  std::vector<pid_t> claimers;
  for (int i = 0; i < 4; ++i) {
    claimers.push_back(fork());
    if (claimers.back() == 0) _exit(attempts_won(folder.path()));
  }
  int won = 0;
  for (const pid_t claimer : claimers) {
    int status = 0;
    waitpid(claimer, &status, 0);
    won += WEXITSTATUS(status);
  }
  EXPECT_EQ(won, kNumbers);
  const auto attempts = read_attempts(folder.path());
  ASSERT_EQ(static_cast<int>(attempts.size()), kNumbers);
  for (int i = 0; i < kNumbers; ++i) {
    EXPECT_EQ(attempts[i].number, i + 1);
    EXPECT_THAT(claimers, testing::Contains(static_cast<pid_t>(attempts[i].process.pid)));
  }
}

TEST(Attempts, how_one_ended_is_read_as_it_was_written) {
  const TemporaryFolder folder;
  ASSERT_TRUE(begin_attempt(folder.path(), 1, {this_process()}));
  EXPECT_FALSE(read_attempts(folder.path())[0].end);
  end_own_attempt(folder.path(), 1,
                  {.kind = EndKind::kError,
                   .text = "no luck\nat all",
                   .type = "Bad",
                   .stack = {"f()", "main"},
                   .log = {"info: a"},
                   .seconds = 2.5});
  const Attempt attempt = read_attempts(folder.path())[0];
  EXPECT_EQ(attempt.process, this_process());
  EXPECT_THAT(attempt.others, testing::ElementsAre(this_process()));
  ASSERT_TRUE(attempt.end);
  EXPECT_EQ(attempt.end->kind, EndKind::kError);
  EXPECT_EQ(attempt.end->text, "no luck\nat all");
  EXPECT_EQ(attempt.end->type, "Bad");
  EXPECT_THAT(attempt.end->stack, testing::ElementsAre("f()", "main"));
  EXPECT_THAT(attempt.end->log, testing::ElementsAre("info: a"));
  EXPECT_EQ(attempt.end->seconds, 2.5);
}

TEST(Attempts, errors_and_crashes_count_and_stops_and_time_outs_do_not) {
  const TemporaryFolder folder;
  int number = 0, failures = 0;
  const auto attempt = [&](EndKind kind) {
    begin_attempt(folder.path(), ++number);
    end_own_attempt(folder.path(), number, ended(kind));
    return failures_of(read_attempts(folder.path()));
  };
  for (const EndKind kind :
       {EndKind::kStopped, EndKind::kError, EndKind::kTimeout, EndKind::kCrash, EndKind::kLost}) {
    failures += kind == EndKind::kError || kind == EndKind::kCrash ? 1 : 0;
    EXPECT_EQ(attempt(kind), failures) << name_of(kind);
  }
  EXPECT_TRUE(reset_attempts(folder.path(), number));
  EXPECT_FALSE(reset_attempts(folder.path(), number++));
  EXPECT_EQ(failures_of(read_attempts(folder.path())), 0);
  EXPECT_EQ(attempt(EndKind::kError), 1);
  EXPECT_EQ(attempt(EndKind::kDone), 0);
  EXPECT_EQ(read_attempts(folder.path()).size(), 8U);  // no record is ever deleted
}

TEST(Attempts, a_run_is_its_newest_attempt_s_until_that_ends) {
  const TemporaryFolder folder;
  begin_attempt(folder.path(), 1);
  EXPECT_TRUE(owns_run(folder.path(), 1));
  begin_attempt(folder.path(), 2);
  EXPECT_FALSE(owns_run(folder.path(), 1));
  EXPECT_TRUE(owns_run(folder.path(), 2));
  end_own_attempt(folder.path(), 2, ended(EndKind::kCrash));  // by whoever takes it over
  EXPECT_FALSE(owns_run(folder.path(), 2));
}

TEST(Attempts, a_record_that_was_lost_with_the_power_is_a_crash_and_a_newer_version_s_is_known_as_such) {
  const TemporaryFolder folder;
  folder.write("attempt_1.json", "");
  folder.write("attempt_2.json", R"({"schema": "mofi-attempt/2", "whatever": 1})");
  folder.write("attempt_x.json", "is none");
  const auto attempts = read_attempts(folder.path());
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].end->kind, EndKind::kCrash);
  EXPECT_EQ(attempts[1].newer_schema, "mofi-attempt/2");
}

TEST(Attempts, a_process_that_died_at_work_has_crashed_and_one_that_was_told_to_stop_has_stopped) {
  const TemporaryFolder results;
  Attempt attempt;
  attempt.process = dead_process();
  EXPECT_EQ(verdict_on(results.path(), attempt).kind, EndKind::kStopped);  // it left in order
  write_job(results.path(), attempt.process, 0);
  EXPECT_EQ(verdict_on(results.path(), attempt).kind, EndKind::kCrash);
  write_job(results.path(), attempt.process, 15);
  EXPECT_EQ(verdict_on(results.path(), attempt).kind, EndKind::kStopped);
  attempt.others = {dead_process()};
  write_job(results.path(), attempt.others[0], 0);  // for whose sake the others were told to stop
  EXPECT_EQ(verdict_on(results.path(), attempt).kind, EndKind::kCrash);
}

}  // namespace
}  // namespace mofi
