#include "ablation/slurm/submit.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>

#include "core/files.h"
#include "core/hash.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Patience kPatience = {
    .attempts = 4, .first_pause_s = 0.001, .longest_pause_s = 0.01, .time_limit_s = 20};

/// A Slurm of shell scripts in front of PATH. Its queue is a file, a line "id name state" a job. What goes
/// wrong is told by a file `trouble` with a line a call of sbatch, taken from its beginning.
class FakeSlurm : public testing::Test {
 protected:
  FakeSlurm() : path_before_(std::getenv("PATH")) {
    folder_.write("queue", "");
    program("sbatch", R"sh(
trouble=$(sed -n 1p "$D/trouble" 2>/dev/null); sed -i 1d "$D/trouble" 2>/dev/null
echo call >>"$D/calls"
accept() {
  name=$(sed -n 's/^#SBATCH --job-name=//p' "${!#}")
  name=${SBATCH_JOB_NAME:-$name}
  for option; do case $option in --job-name=*) name=${option#--job-name=} ;; esac; done
  id=$(($(wc -l <"$D/queue") + 100))
  echo "$id $name PENDING" >>"$D/queue"
}
case $trouble in
  refuse) echo 'sbatch: error: Batch job submission failed: Invalid partition name specified' >&2; exit 1 ;;
  busy) echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1 ;;
  away) echo 'sbatch: error: Unable to contact slurm controller (connect failure)' >&2; exit 1 ;;
  lost) accept "$@"; echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1 ;;
  dies) accept "$@"; kill -KILL $$ ;;
  silent) accept "$@"; exit 0 ;;
  twice) accept "$@"; accept "$@"; echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1 ;;
  hangs) accept "$@"; sleep 30 ;;
  killer) accept "$@"; kill -KILL $PPID; exit 1 ;;
esac
accept "$@"
echo "$id;cluster"
)sh");
    program("squeue", R"sh(
if [ -s "$D/squeue_trouble" ]; then
  sed -i 1d "$D/squeue_trouble"
  echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2
  exit 1
fi
for option; do case $option in --name=*) name=${option#--name=} ;; esac; done
awk -v name="$name" '$2 == name && $3 != "GONE" { print $1 }' "$D/queue"
)sh");
    program("sacct", R"sh(
[ -e "$D/accounting" ] || { echo 'Slurm accounting storage is disabled' >&2; exit 1; }
case "$*" in
  *State*) awk '{ print $1 "|" $2 "|CANCELLED by 0|75:0" }' "$D/queue" ;;
  *) awk '{ print $1 "|" $2 }' "$D/queue" ;;
esac
)sh");
    program("scontrol", R"sh(
case "$*" in
  *config*) echo 'MaxArraySize            = 4' ;;
  *)
    awk -v id="${!#}" '
      $1 == id && $3 != "GONE" {
        found = 1
        print "JobId=" $1 " JobName=" $2 " JobState=" $3 " Reason=Priority Restarts=2 ExitCode=0:0 NodeList=n[0-1]"
      }
      END { if (!found) { print "slurm_load_jobs error: Invalid job id specified" >"/dev/stderr"; exit 1 } }' "$D/queue"
    ;;
esac
)sh");
    program("scancel", R"sh(for id; do sed -i "s/^\($id .*\) [A-Z]*$/\1 CANCELLED/" "$D/queue"; done)sh");
    setenv("PATH", ((folder_ / "bin").string() + ":" + path_before_).c_str(), 1);
    folder_.write("site.yaml", "jobs: 2\n");
    request_ = {.results = folder_ / "my results",
                .profile_file = folder_ / "site.yaml",
                .config = "name: x\n",
                .runs = 10,
                .program = {folder_.write("build/mofi-sweep", "first build"),
                            folder_.write("build/libmofi_gpu.so", "gpu")}};
  }
  ~FakeSlurm() override { setenv("PATH", path_before_.c_str(), 1); }

  void program(const std::string& name, const std::string& body) const {
    std::filesystem::permissions(
        folder_.write("bin/" + name, "#!/bin/bash\nD='" + folder_.path().string() + "'\n" + body),
        std::filesystem::perms::owner_all);
  }
  Submission submit(bool again = false) const { return submit_sweep(request_, again, kPatience); }
  std::string refusal(ExitCode code = ExitCode::kMissing) const {
    return refusal_of([&] { submit(); }, code);
  }
  /// How many jobs each name has that are not cancelled.
  std::map<std::string, int> live() const {
    std::map<std::string, int> counts;
    for (const std::string& line : read_lines(folder_ / "queue"))
      if (!line.ends_with("CANCELLED")) ++counts[line.substr(4, line.rfind(' ') - 4)];
    return counts;
  }
  void expect_each_submitted_once(const Submission& submission) const {
    ASSERT_THAT(submission.job_names, Not(IsEmpty()));
    EXPECT_EQ(submission.accepted.size(), submission.job_names.size());
    EXPECT_EQ(live().size(), submission.job_names.size());
    for (const std::string& name : submission.job_names) EXPECT_EQ(live()[name], 1) << name;
  }

  TemporaryFolder folder_;
  std::string path_before_;
  SubmitRequest request_;
};

TEST_F(FakeSlurm, every_script_is_submitted_and_noted) {
  const Submission submission = submit();
  expect_each_submitted_once(submission);
  const std::vector<Submission> read = read_submissions(request_.results);
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].accepted, submission.accepted);
  EXPECT_FALSE(read[0].is_unfinished());
  EXPECT_EQ(submission.accepted.at(0), "100");
}

TEST_F(FakeSlurm, a_name_from_the_environment_of_the_user_is_no_job_s_name) {
  setenv("SBATCH_JOB_NAME", "mine", 1);
  const Submission submission = submit();
  unsetenv("SBATCH_JOB_NAME");
  expect_each_submitted_once(submission);
}

TEST_F(FakeSlurm, programs_and_config_are_copied_so_that_a_rebuild_changes_nothing) {
  const Submission submission = submit();
  folder_.write("build/mofi-sweep", "second build");
  EXPECT_EQ(read_text(submission.folder / "bin/mofi-sweep"), "first build");
  EXPECT_EQ(read_text(submission.folder / "bin/libmofi_gpu.so"), "gpu");
  EXPECT_EQ(read_text(submission.folder / "config.yaml"), "name: x\n");
  EXPECT_THAT(read_text(submission.folder / "digests"),
              HasSubstr(sha256_of_text("first build") + "  bin/mofi-sweep\n"));
  EXPECT_THAT(read_text(submission.script(0)),
              HasSubstr((submission.folder / "bin/mofi-sweep").string() + "' run"));
}

TEST_F(FakeSlurm, a_busy_controller_is_waited_for) {
  folder_.write("trouble", "busy\naway\n");
  expect_each_submitted_once(submit());
  EXPECT_THAT(read_lines(folder_ / "calls"), SizeIs(4));
}

TEST_F(FakeSlurm, a_job_whose_acceptance_was_not_told_is_not_submitted_again) {
  for (const char* trouble : {"lost", "dies", "silent"}) {
    folder_.write("queue", "");
    folder_.write("trouble", trouble);
    request_.results = folder_ / trouble;
    expect_each_submitted_once(submit());
  }
}

TEST_F(FakeSlurm, a_job_that_was_accepted_twice_is_cancelled_once) {
  folder_.write("trouble", "twice\n");
  const Submission submission = submit();
  expect_each_submitted_once(submission);
  EXPECT_EQ(submission.accepted.at(0), "100");
}

TEST_F(FakeSlurm, an_sbatch_that_hangs_is_ended_and_its_job_is_found) {
  folder_.write("trouble", "hangs\n");
  Patience hasty = kPatience;
  hasty.time_limit_s = 1;
  expect_each_submitted_once(submit_sweep(request_, false, hasty));
}

TEST_F(FakeSlurm, a_job_that_the_controller_has_forgotten_is_found_in_the_accounting) {
  folder_.write("trouble", "lost\n");
  folder_.write("accounting", "");
  program("squeue", "");
  expect_each_submitted_once(submit());
}

TEST_F(FakeSlurm, while_nobody_can_say_whether_it_was_accepted_nothing_more_is_submitted) {
  folder_.write("trouble", "lost\n");
  folder_.write("squeue_trouble", "1\n1\n1\n1\n");
  EXPECT_THAT(refusal(), HasSubstr("squeue got no answer from Slurm in 4 attempts"));
  EXPECT_THAT(read_lines(folder_ / "calls"), SizeIs(1));
  const Submission submission = submit();  // Slurm answers again
  expect_each_submitted_once(submission);
}

TEST_F(FakeSlurm, a_refusal_is_told_in_slurms_words_and_at_once) {
  folder_.write("trouble", "refuse\n");
  EXPECT_THAT(refusal(), HasSubstr("job_0.sh: Batch job submission failed: Invalid partition"));
  EXPECT_THAT(read_lines(folder_ / "calls"), SizeIs(1));
}

TEST_F(FakeSlurm, patience_has_an_end_and_the_same_command_goes_on) {
  folder_.write("trouble", "busy\nbusy\nbusy\nbusy\n");
  EXPECT_THAT(refusal(), HasSubstr("sbatch got no answer from Slurm in 4 attempts"));
  expect_each_submitted_once(submit());
  EXPECT_THAT(read_submissions(request_.results), SizeIs(1));
}

TEST_F(FakeSlurm, killed_between_acceptance_and_its_note_the_next_submit_finds_the_job) {
  folder_.write("trouble", "killer\n");
  const pid_t child = fork();
  if (child == 0) {
    submit();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(read_submissions(request_.results).at(0).accepted.empty());
  folder_.write("build/mofi-sweep", "second build");  // its copies are those of the beginning
  const Submission submission = submit();
  expect_each_submitted_once(submission);
  EXPECT_EQ(read_text(submission.folder / "bin/mofi-sweep"), "first build");
}

TEST_F(FakeSlurm, a_note_that_was_cut_off_counts_for_nothing) {
  const Submission before = submit();
  const std::string notes = read_text(before.folder / "jobs.jsonl");
  write_atomically(before.folder / "jobs.jsonl", notes.substr(0, notes.size() - 5));
  expect_each_submitted_once(submit());
  EXPECT_EQ(read_submissions(request_.results).at(0).accepted, before.accepted);
}

TEST_F(FakeSlurm, a_second_submit_does_nothing_while_jobs_wait_or_run_unless_asked) {
  const Submission first = submit();
  EXPECT_EQ(submit().id, first.id);
  EXPECT_THAT(live(), SizeIs(2));
  const Submission more = submit(true);
  EXPECT_NE(more.id, first.id);
  EXPECT_THAT(live(), SizeIs(4));
}

TEST_F(FakeSlurm, after_the_jobs_have_ended_submit_makes_new_ones) {
  const Submission first = submit();
  folder_.write("queue", "");
  const Submission second = submit();
  EXPECT_EQ(first.id.substr(0, 4), "0001");
  EXPECT_EQ(second.id.substr(0, 4), "0002");
  expect_each_submitted_once(second);
}

TEST_F(FakeSlurm, an_unfinished_submission_of_something_else_is_not_mixed_with_this_one) {
  folder_.write("trouble", "none\nrefuse\n");
  EXPECT_NE(refusal(), "");
  request_.config = "name: y\n";
  EXPECT_THAT(refusal(ExitCode::kUsage),
              HasSubstr("1 of 2 scripts are submitted, and it is of another profile or config"));
  EXPECT_THAT(cancel_sweep(request_.results, kPatience), ElementsAre("100"));
  const Submission submission = submit();
  EXPECT_EQ(submission.id.substr(0, 4), "0002");
  expect_each_submitted_once(submission);
}

TEST_F(FakeSlurm, a_profile_that_was_refused_can_be_mended_at_once) {
  folder_.write("trouble", "refuse\n");
  EXPECT_NE(refusal(), "");
  folder_.write("site.yaml", "{jobs: 2, partition: low}");
  const Submission submission = submit();
  EXPECT_EQ(submission.id.substr(0, 4), "0002");
  expect_each_submitted_once(submission);
}

TEST_F(FakeSlurm, cancel_ends_jobs_that_were_not_noted_too) {
  const Submission first = submit();
  write_atomically(first.folder / "jobs.jsonl", "");
  EXPECT_THAT(cancel_sweep(request_.results, kPatience), ElementsAre("100", "101"));
  EXPECT_THAT(live(), IsEmpty());
  EXPECT_THAT(cancel_sweep(request_.results, kPatience), IsEmpty());
}

TEST_F(FakeSlurm, a_dry_run_shows_the_scripts_and_writes_nothing) {
  const std::string text = preview_submission(request_, kPatience);
  EXPECT_THAT(text, HasSubstr("job_1.sh\n#!/usr/bin/env bash\n"));
  EXPECT_FALSE(std::filesystem::exists(request_.results));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "calls"));
}

TEST_F(FakeSlurm, arrays_are_cut_at_what_the_site_or_the_profile_allows) {
  folder_.write("site.yaml", "mode: array\n");
  EXPECT_THAT(submit().job_names, SizeIs(3));  // MaxArraySize 4: tasks 0 to 3, 10 runs
  folder_.write("site.yaml", "{mode: array, array: {max_array_size: 2}}");
  EXPECT_THAT(submit(true).job_names, SizeIs(5));
}

TEST_F(FakeSlurm, jobs_are_shown_with_what_the_controller_or_else_the_accounting_knows) {
  submit();
  std::vector<SubmittedJob> jobs = submitted_jobs(request_.results, kPatience);
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[0].job.id, "100");
  EXPECT_EQ(jobs[0].job.state, "PENDING");
  EXPECT_EQ(jobs[0].job.nodes, "n[0-1]");
  EXPECT_EQ(jobs[0].job.restarts, 2);
  run_process({"sed", "-i", "s/PENDING/GONE/", (folder_ / "queue").string()}, 60);
  EXPECT_EQ(submitted_jobs(request_.results, kPatience)[0].job.state, "UNKNOWN");
  folder_.write("accounting", "");
  jobs = submitted_jobs(request_.results, kPatience);
  EXPECT_EQ(jobs[0].job.state, "CANCELLED");
  EXPECT_EQ(jobs[0].job.exit_code, "75:0");
}

TEST_F(FakeSlurm, a_job_of_another_name_under_a_noted_id_is_not_taken_for_ours) {
  const Submission submission = submit();
  folder_.write("queue", "100 somebodys RUNNING\n");  // the controller was killed, and forgot its last jobs
  EXPECT_EQ(submitted_jobs(request_.results, kPatience)[0].job.state, "UNKNOWN");
  EXPECT_THAT(cancel_sweep(request_.results, kPatience), IsEmpty());
  EXPECT_THAT(read_text(folder_ / "queue"), HasSubstr("RUNNING"));
  EXPECT_NE(submit().id, submission.id);
}

TEST(SlurmJobs, tasks_of_an_array_are_told_apart) {
  const std::vector<SlurmJob> jobs = parse_scontrol_jobs(
      "JobId=12 ArrayJobId=12 ArrayTaskId=4-9%2 JobName=a b JobState=PENDING Reason=Resources Restarts=0 "
      "NodeList=(null)\n"
      "JobId=14 ArrayJobId=12 ArrayTaskId=3 JobName=a JobState=COMPLETED Reason=None Restarts=1 ExitCode=1:0 "
      "NodeList=n1\n");
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[0].id, "12_[4-9%2]");
  EXPECT_TRUE(jobs[0].is_live());
  EXPECT_EQ(jobs[0].nodes, "");
  EXPECT_EQ(jobs[1].id, "12_3");
  EXPECT_EQ(jobs[1].exit_code, "1:0");
  EXPECT_EQ(jobs[1].reason, "");
  EXPECT_FALSE(jobs[1].is_live());
}

}  // namespace
}  // namespace mofi
