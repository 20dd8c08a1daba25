#include "core/memory.h"

#include <gmock/gmock.h>
#include <sys/mman.h>

#include <cstring>

#include "temporary_folder.h"

namespace mofi {
namespace {

constexpr double kMib = 1.0 / 1024;  // in GiB

/// A machine of 32 GiB, 24 of them available, and a process that has 1 GiB and once had 2.
void write_machine(const TemporaryFolder& root) {
  root.write("proc/self/status",
             "Name:\ttrain\nVmPeak:\t 9999999 kB\nVmHWM:\t 2097152 kB\nVmRSS:\t 1048576 kB\n");
  root.write("proc/meminfo", "MemTotal:       33554432 kB\nMemFree:   1 kB\nMemAvailable:   25165824 kB\n");
}

TEST(Memory, without_cgroups_it_is_the_machines) {
  const TemporaryFolder root;
  write_machine(root);
  const MemoryUse use = memory_use(root.path());
  EXPECT_EQ(use.resident_gib, 1);
  EXPECT_EQ(use.peak_gib, 2);
  EXPECT_EQ(use.available_gib, 24);
  EXPECT_EQ(use.total_gib, 32);
}

// As Slurm with cgroup v2: the job's step has no limit of its own, the job above it has.
TEST(Memory, the_lowest_limit_on_the_way_up_counts_and_idle_pages_of_files_are_free) {
  const TemporaryFolder root;
  write_machine(root);
  root.write("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
  root.write("proc/self/mountinfo",
             "22 1 0:20 / /proc rw - proc proc rw\n"
             "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  const std::string at = "sys/fs/cgroup/slurm/";
  root.write(at + "job_7/step_0/memory.max", "max\n");
  root.write(at + "job_7/step_0/memory.current", "3221225472\n");
  root.write(at + "job_7/memory.max", "8589934592\n");
  root.write(at + "job_7/memory.current", "3221225472\n");
  root.write(at + "job_7/memory.stat", "anon 1\nfile 2147483648\ninactive_file 1073741824\nactive_file 5\n");
  root.write(at + "memory.max", "17179869184\n");
  root.write(at + "memory.current", "16106127360\n");
  const MemoryUse use = memory_use(root.path());
  EXPECT_EQ(use.total_gib, 8);
  EXPECT_EQ(use.available_gib, 1) << "of the 16 that all jobs have, 15 are taken; this one might take 6 more";
  EXPECT_EQ(use.resident_gib, 1);
}

TEST(Memory, a_container_that_sees_its_own_cgroup_at_the_top_is_limited_by_it) {
  const TemporaryFolder root;
  write_machine(root);
  root.write("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n");
  root.write("proc/self/mountinfo",
             "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
             "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
             "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  const std::string at = "sys/fs/cgroup/memory/";
  root.write(at + "memory.limit_in_bytes", "4294967296\n");
  root.write(at + "memory.usage_in_bytes", "2147483648\n");
  root.write(at + "memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file 536870912\n");
  EXPECT_EQ(memory_use(root.path()).total_gib, 4);
  EXPECT_EQ(memory_use(root.path()).available_gib, 2.5);

  // The same container with a name space of its own: the process is at "/", the mount shows the host's path.
  root.write("proc/self/cgroup", "4:memory:/\n0::/\n");
  EXPECT_EQ(memory_use(root.path()).total_gib, 4);
}

TEST(Memory, a_limit_that_is_none_changes_nothing) {
  const TemporaryFolder root;
  write_machine(root);
  root.write("proc/self/cgroup", "4:memory:/job\n");
  root.write("proc/self/mountinfo", "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  root.write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1048576\n");
  EXPECT_EQ(memory_use(root.path()).total_gib, 32);
  EXPECT_EQ(memory_use(root.path()).available_gib, 24);
}

TEST(Memory, a_cgroup_over_its_limit_has_nothing_left) {
  const TemporaryFolder root;
  write_machine(root);
  root.write("proc/self/cgroup", "0::/\n");
  root.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  root.write("sys/fs/cgroup/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/memory.current", "1073745920\n");
  EXPECT_EQ(memory_use(root.path()).available_gib, 0);
}

TEST(Memory, what_this_process_takes_is_seen_and_its_peak_stays) {
  const double before = memory_use().resident_gib;
  double during = 0;
  {
    constexpr std::size_t kBytes = std::size_t{64} << 20;
    void* block = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(block, MAP_FAILED);
    std::memset(block, 1, kBytes);
    during = memory_use().resident_gib;
    munmap(block, kBytes);
  }
  EXPECT_GT(during, before + 50 * kMib);
  const MemoryUse after = memory_use();
  EXPECT_GT(after.peak_gib, before + 50 * kMib);
  EXPECT_LT(after.resident_gib, during - 50 * kMib);
  EXPECT_GT(after.available_gib, 0);
  EXPECT_LE(after.available_gib, after.total_gib);
}

TEST(Memory, the_line_has_the_digits_that_matter) {
  EXPECT_EQ(memory_line({1.23, 1.94, 20.06, 24}), "memory: 1.2 GiB in use, 1.9 at most, 20.1 of 24 free");
  EXPECT_EQ(memory_line({0.043, 0.5, 101.4, 1510}), "memory: 0.04 GiB in use, 0.5 at most, 101 of 1510 free");
  EXPECT_THAT(memory_line(), testing::MatchesRegex("memory: [0-9.]+ GiB in use, [0-9.]+ at most, .*free"));
}

}  // namespace
}  // namespace mofi
