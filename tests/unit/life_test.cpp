// Who lives: by what the system knows, and by signs of life.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "ablation/jobs.h"
#include "core/files.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using std::chrono::milliseconds;

ProcessId elsewhere() {
  ProcessId process = this_process();
  process.host = "node7";
  process.boot = "another machine's";
  return process;
}

void give_sign(const std::filesystem::path& results, const ProcessId& process, int beats) {
  const Json job = {{"schema", kJobSchema}, {"process", to_json(process)}, {"began", "1970-01-01T00:00:00Z"},
                    {"beats", beats},       {"told_to_stop", 0},           {"run", ""},
                    {"doing", ""}};
  replace_file(job_file(results, process), job.dump());
}

/// What is known after looking for so long, again and again.
Life watched(
    LifeWatch& watch, const ProcessId& process, milliseconds time,
    const std::function<void()>& meanwhile = [] {}) {
  const auto end = std::chrono::steady_clock::now() + time;
  Life life = watch.look_at(process);
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(2));
    meanwhile();
    life = watch.look_at(process);
  }
  return life;
}

TEST(Process, lives_until_it_dies_and_is_not_another_one_of_the_same_number) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string self = to_json(this_process()).dump();
    if (write(told[1], self.data(), self.size()) < 0) _exit(1);
    char wait = 0;
    _exit(static_cast<int>(read(gate[0], &wait, 1)));
  }
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(read(told[0], text.data(), text.size())));
  const ProcessId process = process_from_json(Json::parse(text));
  EXPECT_EQ(process.pid, child);
  EXPECT_EQ(life_of(process), Life::kAlive);
  ProcessId namesake = process;
  namesake.started += 1;
  EXPECT_EQ(life_of(namesake), Life::kDead);
  kill(child, SIGKILL);
  while (life_of(process) == Life::kAlive) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(life_of(process), Life::kDead);  // not buried yet
  EXPECT_TRUE(is_dead(child));
  EXPECT_FALSE(is_dead(getpid()));
  waitpid(child, nullptr, 0);
  EXPECT_EQ(life_of(process), Life::kDead);
  EXPECT_EQ(life_of(elsewhere()), Life::kUnknown);
  for (const int end : {gate[0], gate[1], told[0], told[1]}) close(end);
}

TEST(Heartbeat, gives_signs_of_life_says_what_is_done_and_goes_with_its_process) {
  const TemporaryFolder results;
  const auto file = job_file(results.path(), this_process());
  {
    Heartbeat heartbeat(results.path(), 0.005);
    heartbeat.set_run("none_seed1");
    const std::int64_t first = read_job(file)->beats;
    while (read_job(file)->beats < first + 3 || read_job(file)->run.empty())
      std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(read_job(file)->process, this_process());
    EXPECT_EQ(read_job(file)->run, "none_seed1");
    EXPECT_EQ(read_job(file)->told_to_stop, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Heartbeat, a_folder_that_cannot_be_written_is_told_at_once) {
  const TemporaryFolder results;
  results.write("jobs", "is a file");
  EXPECT_THAT(refusal_of([&] { Heartbeat heartbeat(results.path()); }, ExitCode::kMissing),
              testing::HasSubstr("jobs"));
}

TEST(LifeWatch, a_process_elsewhere_lives_when_its_sign_changes_whatever_the_clocks_say) {
  const TemporaryFolder results;
  LifeWatch watch(results.path(), 0.2);
  int beats = 0;
  give_sign(results.path(), elsewhere(), beats);
  EXPECT_EQ(watch.look_at(elsewhere()), Life::kUnknown);
  give_sign(results.path(), elsewhere(), ++beats);
  EXPECT_EQ(watch.look_at(elsewhere()), Life::kAlive);
  // The clock of that machine jumps to and fro, over much more than the lease.
  const auto jumping = [&] {
    give_sign(results.path(), elsewhere(), ++beats);
    const auto jump = std::chrono::hours(24 * 365 * (beats % 2 == 0 ? 20 : -20));
    std::filesystem::last_write_time(job_file(results.path(), elsewhere()),
                                     std::filesystem::file_time_type::clock::now() + jump);
  };
  EXPECT_EQ(watched(watch, elsewhere(), milliseconds(400), jumping), Life::kAlive);
}

TEST(LifeWatch, a_process_elsewhere_is_dead_when_nothing_has_changed_for_the_lease) {
  const TemporaryFolder results;
  LifeWatch watch(results.path(), 0.1);
  give_sign(results.path(), elsewhere(), 7);
  EXPECT_EQ(watched(watch, elsewhere(), milliseconds(30)), Life::kUnknown);
  EXPECT_EQ(watched(watch, elsewhere(), milliseconds(400)), Life::kDead);
  ProcessId without_file = elsewhere();
  without_file.pid += 1;
  EXPECT_EQ(watched(watch, without_file, milliseconds(400)), Life::kDead);
}

TEST(LifeWatch, time_in_which_nobody_looked_does_not_count) {
  const TemporaryFolder results;
  LifeWatch watch(results.path(), 0.1);
  give_sign(results.path(), elsewhere(), 7);
  watch.look_at(elsewhere());
  std::this_thread::sleep_for(milliseconds(200));  // both were suspended, maybe
  EXPECT_EQ(watch.look_at(elsewhere()), Life::kUnknown);
}

}  // namespace
}  // namespace mofi
