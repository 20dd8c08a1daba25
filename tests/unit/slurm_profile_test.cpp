#include <gmock/gmock.h>

#include <set>

#include "ablation/slurm/cluster_profile.h"
#include "core/files.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string refusal(const std::string& yaml) {
  const TemporaryFolder folder;
  const auto file = folder.write("site.yaml", yaml);
  return refusal_of([&] { read_cluster_profile(file); }, ExitCode::kUsage);
}

TEST(ClusterProfile, those_that_come_along_are_valid) {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MOFI_SOURCE) + "/cluster/profiles")) {
    read_cluster_profile(entry.path());
    names.insert(entry.path().filename().string());
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"cpu_node.yaml", "gpu_node.yaml", "gpu_nodes.yaml", "local.yaml"}));
}

TEST(ClusterProfile, every_key_says_what_it_is_for) {
  for (const FieldLine& field : list_fields<ClusterProfile>()) EXPECT_FALSE(field.help.empty()) << field.path;
}

TEST(ClusterProfile, unknown_keys_are_refused_with_the_nearest) {
  EXPECT_THAT(refusal("nodes: 1\nacount: me\n"),
              HasSubstr("site.yaml:2: unknown key 'acount', did you mean 'account'?"));
  EXPECT_THAT(refusal("array: {run_per_task: 4}"), HasSubstr("did you mean 'runs_per_task'?"));
  EXPECT_THAT(refusal("launcher: mpiexec"), HasSubstr("launcher: expected one of srun, mpirun"));
}

TEST(ClusterProfile, a_template_is_found_from_the_profile) {
  const TemporaryFolder folder;
  const auto file = folder.write("site/site.yaml", "template: ../mine.sh");
  EXPECT_EQ(read_cluster_profile(file).job_template, (folder / "mine.sh").string());
}

TEST(ClusterProfile, what_would_break_a_script_is_refused) {
  EXPECT_THAT(refusal("partition: \"a b\""),
              EndsWith("partition: expected letters, digits and _-.,:+@/, found 'a b'"));
  EXPECT_THAT(refusal("memory: 64 GB"), HasSubstr("memory: expected a whole number with K, M, G or T"));
  EXPECT_THAT(refusal("sbatch: [exclusive]"), HasSubstr("sbatch: expected an option such as --exclusive"));
  EXPECT_THAT(refusal("sbatch: [\"--x\\nrm\"]"), HasSubstr("sbatch: expected one line an entry"));
  EXPECT_THAT(refusal("gpu_type: a100"), HasSubstr("gpus_per_node is 0"));
}

TEST(ClusterProfile, a_signal_before_the_beginning_is_refused) {
  EXPECT_THAT(refusal("time_limit_minutes: 2"), HasSubstr("signal_lead_s: expected less than the 120 s"));
}

}  // namespace
}  // namespace mofi
