#include "ablation/slurm/cluster_profile.h"

#include <cctype>
#include <string_view>

#include "core/error.h"

namespace mofi {
namespace {

/// Texts that stand in #SBATCH lines as they are.
void require_word(const std::string& value, const char* key, const std::filesystem::path& path) {
  for (const char c : value)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("_-.,:+@/").find(c) == std::string::npos)
      fail(ExitCode::kUsage, "{}: {}: expected letters, digits and _-.,:+@/, found '{}'", path.string(), key,
           value);
}

bool is_memory(const std::string& text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (text.empty() || digits == std::string::npos) return true;
  return digits > 0 && digits + 1 == text.size() &&
         std::string_view("KMGT").find(text[digits]) != std::string::npos;
}

void require_one_line(const std::vector<std::string>& lines, const char* key,
                      const std::filesystem::path& path) {
  for (const std::string& line : lines)
    if (line.find_first_of("\n\r") != std::string::npos)
      fail(ExitCode::kUsage, "{}: {}: expected one line an entry, found '{}'", path.string(), key, line);
}

void validate(const ClusterProfile& profile, const std::filesystem::path& path) {
  require_word(profile.partition, "partition", path);
  require_word(profile.account, "account", path);
  require_word(profile.qos, "qos", path);
  require_word(profile.gpu_type, "gpu_type", path);
  require_word(profile.srun_mpi, "srun_mpi", path);
  if (!is_memory(profile.memory))
    fail(ExitCode::kUsage, "{}: memory: expected a whole number with K, M, G or T after it, found '{}'",
         path.string(), profile.memory);
  if (!profile.gpu_type.empty() && profile.gpus_per_node == 0)
    fail(ExitCode::kUsage, "{}: gpu_type is {} but gpus_per_node is 0; ask for GPUs, or leave the type out",
         path.string(), profile.gpu_type);
  if (profile.signal_lead_s >= profile.time_limit_minutes * 60)
    fail(ExitCode::kUsage,
         "{}: signal_lead_s: expected less than the {} s of time_limit_minutes, found {}; a job would be "
         "asked "
         "to stop before it begins",
         path.string(), profile.time_limit_minutes * 60, profile.signal_lead_s);
  require_one_line(profile.sbatch, "sbatch", path);
  for (const std::string& option : profile.sbatch)
    if (!option.starts_with("-"))
      fail(ExitCode::kUsage, "{}: sbatch: expected an option such as --exclusive, found '{}'", path.string(),
           option);
  if (profile.container.command.empty())
    fail(ExitCode::kUsage, "{}: container.command: expected the program inside the image, found nothing",
         path.string());
}

}  // namespace

ClusterProfile read_cluster_profile(const std::filesystem::path& path) {
  auto profile = read_config<ClusterProfile>(load_config(path));
  validate(profile, path);
  if (!profile.job_template.empty())
    profile.job_template = (path.parent_path() / profile.job_template).lexically_normal().string();
  return profile;
}

}  // namespace mofi
