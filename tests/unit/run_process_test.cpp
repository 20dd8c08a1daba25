#include "core/run_process.h"

#include <gmock/gmock.h>

#include <chrono>

#include "ablation/slurm/template.h"
#include "refusal.h"

namespace mofi {
namespace {

using testing::HasSubstr;

ProcessResult shell(const std::string& script, double time_limit_s = 60) {
  return run_process({"sh", "-c", script}, time_limit_s);
}

TEST(Process, outputs_and_exit_code_come_back_apart) {
  const ProcessResult result = shell("echo one; echo two >&2; exit 7");
  EXPECT_EQ(result.out, "one\n");
  EXPECT_EQ(result.err, "two\n");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_FALSE(result.ok());
}

TEST(Process, arguments_arrive_as_they_are) {
  EXPECT_EQ(run_process({"printf", "%s|", "a b", "$HOME", "'\"", ""}, 60).out, "a b|$HOME|'\"||");
}

TEST(Process, more_than_a_pipe_holds_on_both_outputs_is_read) {
  const ProcessResult result = shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
  EXPECT_EQ(result.out.size(), 300000U);
  EXPECT_EQ(result.err.size(), 300000U);
}

TEST(Process, nothing_is_on_standard_input) { EXPECT_EQ(run_process({"cat"}, 60).out, ""); }

TEST(Process, one_that_takes_too_long_is_killed_with_what_it_started) {
  const auto began = std::chrono::steady_clock::now();
  const ProcessResult result = shell("echo begun; sleep 50 & sleep 50", 0.2);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.out, "begun\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(Process, a_signal_that_ended_it_is_told_as_shells_do) {
  EXPECT_EQ(shell("kill -KILL $$").exit_code, 137);
}

TEST(Process, signals_that_this_process_blocks_are_not_blocked_in_it) {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  EXPECT_EQ(shell("kill -TERM $$; echo survived").exit_code, 143);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Process, a_program_that_is_not_there_is_named) {
  EXPECT_THAT(refusal_of([] { run_process({"no-such-program"}, 1); }, ExitCode::kMissing),
              HasSubstr("no-such-program: cannot be started: No such file"));
}

TEST(Template, places_are_filled_and_other_braces_are_left) {
  EXPECT_EQ(fill_template("a {{x}}{{y}} ${z} {b}\n{{x}}", {{"x", "{{y}}"}, {"y", "2"}}, "t"),
            "a {{y}}2 ${z} {b}\n{{y}}");
}

TEST(Template, unknown_and_open_places_are_refused_with_their_line) {
  EXPECT_EQ(refusal_of(
                [] {
                  fill_template("a\n{{job_nam}}", {{"job_name", ""}, {"log", ""}}, "t.sh");
                },
                ExitCode::kUsage),
            "t.sh:2: unknown place 'job_nam', did you mean 'job_name'?; places are job_name, log");
  EXPECT_EQ(refusal_of(
                [] {
                  fill_template("\n\n{{log", {{"log", ""}}, "t.sh");
                },
                ExitCode::kUsage),
            "t.sh:3: a place is opened with {{ and not closed with }}");
}

TEST(Template, a_quoted_word_is_one_word_of_the_shell_whatever_is_in_it) {
  for (const std::string word :
       {"plain/path-1.0", "a b", "it's", "$(exit 3) `x` \\", "", "a\nb", "*?[x]~", "-n", "\"", "%"})
    EXPECT_EQ(shell("printf '%s|' " + shell_quote(word)).out, word + "|");
}

}  // namespace
}  // namespace mofi
