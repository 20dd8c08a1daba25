#include "ablation/slurm/job_script.h"

#include <gmock/gmock.h>

#include "core/files.h"
#include "core/run_process.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const SubmittedSweep kSweep = {.folder = "/r/slurm/0001-aa",
                               .directory = "/home/me",
                               .results = "/r",
                               .job_prefix = "mofi-12ab",
                               .program = {"/r/slurm/0001-aa/bin/mofi-sweep", "run", "--results", "/r"},
                               .runs = 10};

std::vector<JobScript> scripts_of(const ClusterProfile& profile, const SubmittedSweep& sweep = kSweep,
                                  std::size_t max_array_size = 1001) {
  return render_job_scripts(profile, sweep, kDefaultJobTemplate, "job.sh", max_array_size);
}
std::string script_of(const ClusterProfile& profile, const SubmittedSweep& sweep = kSweep) {
  return scripts_of(profile, sweep).at(0).text;
}

TEST(JobScript, it_is_the_template_that_comes_along) {
  EXPECT_EQ(kDefaultJobTemplate, read_text(std::string(MOFI_SOURCE) + "/cluster/templates/job.sh"));
}

TEST(JobScript, every_resource_of_the_profile_is_asked_for) {
  ClusterProfile profile;
  profile.partition = "gpu";
  profile.account = "music";
  profile.qos = "long";
  profile.nodes = 2;
  profile.ranks_per_node = 4;
  profile.cpus_per_rank = 8;
  profile.gpus_per_node = 4;
  profile.gpu_type = "a100";
  profile.memory = "64G";
  profile.time_limit_minutes = 90;
  profile.signal_lead_s = 300;
  profile.sbatch = {"--exclusive", "--constraint=ib"};
  const std::string text = script_of(profile);
  for (const char* option :
       {"partition=gpu", "account=music", "qos=long", "nodes=2", "ntasks-per-node=4", "cpus-per-task=8",
        "gres=gpu:a100:4", "mem=64G", "time=90", "exclusive", "constraint=ib", "signal=B:USR2@300",
        "open-mode=append", "requeue", "job-name=mofi-12ab-0", "chdir=\"/home/me\"",
        "output=\"/r/slurm/0001-aa/log/mofi-12ab-0-%j.log\""})
    EXPECT_THAT(text, HasSubstr("\n#SBATCH --" + std::string(option) + "\n"));
  EXPECT_THAT(text, HasSubstr("srun --mpi=pmix --nodes=2 --ntasks=8 --ntasks-per-node=4 --cpus-per-task=8 "));
  EXPECT_THAT(text, HasSubstr("\nexport OMP_NUM_THREADS=8\n"));
}

TEST(JobScript, what_a_profile_leaves_out_is_left_to_the_site) {
  for (const char* option : {"partition", "account", "qos", "gres", "mem", "array"})
    EXPECT_THAT(script_of({}), Not(HasSubstr("#SBATCH --" + std::string(option))));
}

TEST(JobScript, modules_and_setup_come_before_the_start) {
  ClusterProfile profile;
  profile.modules = {"cuda/12", "openmpi"};
  profile.setup = {"ulimit -l unlimited", "export X='a b'"};
  EXPECT_THAT(script_of(profile),
              HasSubstr("\nmodule load cuda/12 openmpi\nulimit -l unlimited\nexport X='a b'\n"));
}

TEST(JobScript, mpirun_starts_the_ranks_where_the_profile_says_so) {
  ClusterProfile profile;
  profile.launcher = "mpirun";
  profile.nodes = 3;
  profile.ranks_per_node = 2;
  EXPECT_THAT(script_of(profile), AllOf(HasSubstr("mpirun --quiet -n 6 --map-by ppr:2:node --bind-to none "),
                                        Not(HasSubstr("srun"))));
}

TEST(JobScript, a_container_runs_what_the_image_calls_it) {
  ClusterProfile profile;
  profile.container.image = "/images/my mofi.sif";
  profile.container.options = {"--nv"};
  EXPECT_THAT(script_of(profile), HasSubstr("apptainer exec --bind /r,/home/me --nv '/images/my mofi.sif' "
                                            "/opt/mofi/mofi sweep run --results /r"));
}

TEST(JobScript, jobs_of_one_sweep_differ_in_their_names_only) {
  ClusterProfile profile;
  profile.jobs = 3;
  const auto scripts = scripts_of(profile);
  ASSERT_THAT(scripts, SizeIs(3));
  EXPECT_EQ(scripts[0].job_name, "mofi-12ab-0");
  EXPECT_EQ(scripts[2].job_name, "mofi-12ab-2");
  EXPECT_THAT(scripts[2].text, HasSubstr("/log/mofi-12ab-2-%j.log"));
}

TEST(JobScript, tasks_of_all_chunks_together_do_every_run_once) {
  for (const std::size_t runs : {1U, 4U, 10U, 25U})
    for (const int per_task : {1, 3, 4}) {
      ClusterProfile profile;
      profile.mode = "array";
      profile.array.runs_per_task = per_task;
      SubmittedSweep sweep = kSweep;
      sweep.runs = runs;
      std::vector<int> done(runs);
      for (const JobScript& script : scripts_of(profile, sweep, 3)) {
        const std::size_t at = script.text.find("#SBATCH --array=0-");
        ASSERT_NE(at, std::string::npos);
        const int last_task = std::stoi(script.text.substr(at + 18));
        ASSERT_LE(last_task, 2);  // MaxArraySize 3
        const std::size_t begin = script.text.find("part=("), end = script.text.find('\n', begin);
        for (int task = 0; task <= last_task; ++task) {
          const std::string part = script.text.substr(begin, end - begin);
          const ProcessResult result = run_process(
              {"bash", "-euc", "SLURM_ARRAY_TASK_ID=$1; " + part + "; printf '%s ' \"${part[@]}\"", "-",
               std::to_string(task)},
              60);
          int from = -1, to = -1;
          ASSERT_EQ(std::sscanf(result.out.c_str(), "--runs %d-%d ", &from, &to), 2)
              << result.out << result.err;
          ASSERT_LT(to, static_cast<int>(runs));
          for (int run = from; run <= to; ++run) ++done[static_cast<std::size_t>(run)];
        }
      }
      EXPECT_THAT(done, testing::Each(1)) << runs << " runs, " << per_task << " a task";
    }
}

TEST(JobScript, an_array_keeps_to_so_many_tasks_at_once_and_logs_them_apart) {
  ClusterProfile profile;
  profile.mode = "array";
  profile.array.at_once = 2;
  EXPECT_THAT(script_of(profile), AllOf(HasSubstr("\n#SBATCH --array=0-9%2\n"), HasSubstr("-%A_%a.log\"")));
}

TEST(JobScript, paths_that_slurm_cannot_hold_are_refused) {
  for (const char* bad : {"/a\"b", "/a%j", "/a\\b", "/a\nb", "/it's"}) {
    SubmittedSweep sweep = kSweep;
    sweep.folder = bad;
    EXPECT_THAT(refusal_of([&] { script_of({}, sweep); }, ExitCode::kUsage), HasSubstr("rename it")) << bad;
  }
}

TEST(JobScript, a_template_without_the_program_is_refused) {
  EXPECT_THAT(refusal_of([] { render_job_scripts({}, kSweep, "{{job_name}} {{part}}", "mine.sh", 10); },
                         ExitCode::kUsage),
              HasSubstr("mine.sh: has no place {{program}}"));
}

/// The job script, run as Slurm does, with programs of this test as srun and scontrol.
class RunningJob : public testing::Test {
 protected:
  RunningJob() {
    sweep_ = kSweep;
    sweep_.folder = folder_ / "my $(touch ran) results/slurm/1";
    sweep_.program = {"prog", "run", "--results", (folder_ / "my $(touch ran) results").string()};
    folder_.write("my $(touch ran) results/slurm/1/config.yaml", "name: x\n");
    std::filesystem::create_directories(sweep_.folder / "log");
    run_process({"sh", "-c", "cd \"$1\" && sha256sum config.yaml >digests", "-", sweep_.folder.string()}, 60);
    program("scontrol", "echo \"$@\" >>\"$WORK/scontrol\"");
  }
  void program(const std::string& name, const std::string& body) const {
    std::filesystem::permissions(
        folder_.write("bin/" + name, "#!/bin/bash\nWORK='" + folder_.path().string() + "'\n" + body + "\n"),
        std::filesystem::perms::owner_all);
  }
  /// `around`: shell that may signal the job, $job, while it runs.
  ProcessResult run(const std::string& around = "true", const std::string& variables = "") const {
    const auto file = folder_.write(
        "job.sh", render_job_scripts(profile_, sweep_, kDefaultJobTemplate, "job.sh", 100).at(0).text);
    return run_process(
        {"bash", "-c",
         "export PATH='" + (folder_ / "bin").string() + "':$PATH SLURM_JOB_ID=7 SLURM_JOB_NODELIST=n0 " +
             variables + "; bash '" + file.string() + "' & job=$!; " + around + "; wait $job",
         "-"},
        60);
  }
  std::string noted(const std::string& name) const {
    return std::filesystem::exists(folder_ / name) ? read_text(folder_ / name) : "";
  }

  TemporaryFolder folder_;

  /// A srun that waits for USR2 and then ends with 75, as the ranks do.
  const char* const kWaiting =
      "trap 'echo saved >>$WORK/ranks; exit 75' USR2; touch $WORK/ready; for ((i = 0; i < 400; ++i)); do "
      "sleep 0.05; done";
  const std::string kWhenReady =
      "while [ ! -e '" + (folder_ / "ready").string() + "' ]; do sleep 0.01; done; ";

  ClusterProfile profile_;
  SubmittedSweep sweep_;
};

TEST_F(RunningJob, the_program_gets_its_arguments_whatever_is_in_them) {
  program("srun", "printf '%s\\n' \"$@\" >\"$WORK/words\"");
  const ProcessResult result = run();
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("mofi job 7: is done"));
  std::vector<std::string> words = read_lines(folder_ / "words");
  ASSERT_GE(words.size(), 4U);
  EXPECT_THAT(std::vector<std::string>(words.end() - 4, words.end()),
              ElementsAre("prog", "run", "--results", (folder_ / "my $(touch ran) results").string()));
}

TEST_F(RunningJob, barriers_go_over_slurms_ring_unless_the_user_says_otherwise) {
  program("srun", "echo $SLURM_PMIX_FENCE >>\"$WORK/fence\"");
  run();
  run("true", "SLURM_PMIX_FENCE=mixed");
  EXPECT_EQ(noted("fence"), "ring\nmixed\n");
}

TEST_F(RunningJob, asked_to_stop_it_asks_the_ranks_and_is_queued_again) {
  program("srun", kWaiting);
  const ProcessResult result = run(kWhenReady + "kill -USR2 $job");
  EXPECT_EQ(result.exit_code, 75) << result.out << result.err;
  EXPECT_EQ(noted("ranks"), "saved\n");
  EXPECT_EQ(noted("scontrol"), "requeue 7\n");
}

TEST_F(RunningJob, a_task_of_an_array_is_queued_again_by_itself) {
  program("srun", "exit 75");
  EXPECT_EQ(run("true", "SLURM_ARRAY_JOB_ID=5 SLURM_ARRAY_TASK_ID=2").exit_code, 75);
  EXPECT_EQ(noted("scontrol"), "requeue 5_2\n");
}

TEST_F(RunningJob, ended_by_slurm_it_asks_the_ranks_but_does_not_come_back_by_itself) {
  program("srun", kWaiting);
  const ProcessResult result = run(kWhenReady + "kill -TERM $job");
  EXPECT_EQ(result.exit_code, 75) << result.out << result.err;
  EXPECT_EQ(noted("ranks"), "saved\n");
  EXPECT_EQ(noted("scontrol"), "");
}

TEST_F(RunningJob, asked_before_the_ranks_are_started_it_starts_none) {
  profile_.setup = {"kill -USR2 $$", "sleep 0.1"};
  program("srun", "touch \"$WORK/ranks\"");
  EXPECT_EQ(run().exit_code, 75);
  EXPECT_EQ(noted("scontrol"), "requeue 7\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ranks"));
}

TEST_F(RunningJob, failures_are_not_queued_again) {
  program("srun", "exit 65");
  const ProcessResult result = run();
  EXPECT_EQ(result.exit_code, 65);
  EXPECT_THAT(result.out, HasSubstr("has failed with exit code 65"));
  EXPECT_EQ(noted("scontrol"), "");
}

TEST_F(RunningJob, time_limits_are_counted_where_the_user_bounds_them) {
  program("srun", "exit 75");
  profile_.time_limit_minutes = 2;
  profile_.signal_lead_s = 60;  // so that at once is near the limit
  profile_.most_timeouts = 2;
  EXPECT_EQ(run().exit_code, 75);
  EXPECT_EQ(run().exit_code, 75);
  const ProcessResult third = run();
  EXPECT_EQ(third.exit_code, 1) << "75 would have it queued again at sites with RequeueExit=75";
  EXPECT_THAT(third.out, HasSubstr("has come to its time limit 3 times and is not queued again"));
  EXPECT_EQ(noted("scontrol"), "requeue 7\nrequeue 7\n");
}

TEST_F(RunningJob, pre_emptions_are_not_counted) {
  program("srun", "exit 75");
  profile_.time_limit_minutes = 60;
  profile_.most_timeouts = 1;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run().exit_code, 75);
}

TEST_F(RunningJob, programs_or_configs_that_were_changed_are_refused) {
  program("srun", "touch \"$WORK/ranks\"");
  folder_.write("my $(touch ran) results/slurm/1/config.yaml", "name: y\n");
  const ProcessResult result = run();
  EXPECT_EQ(result.exit_code, 65);
  EXPECT_THAT(result.out, HasSubstr("are not those that were submitted"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ranks"));
}

}  // namespace
}  // namespace mofi
