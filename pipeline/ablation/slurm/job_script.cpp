#include "ablation/slurm/job_script.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "ablation/slurm/template.h"
#include "core/error.h"

namespace mofi {
namespace {

/// A path as the value of an #SBATCH option. Slurm replaces %x there and takes backslashes and quotes for its
/// own.
std::string directive_path(const std::filesystem::path& path) {
  std::string text = path.string();
  if (text.find_first_of("\"'\\%\n\r") != std::string::npos)
    fail(ExitCode::kUsage,
         "{}: Slurm cannot be given a path with quotes, backslashes, % or line ends; rename it", text);
  return text;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_quote(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

std::string resource_lines(const ClusterProfile& profile) {
  std::vector<std::string> options;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) options.push_back(fmt::format("--{}={}", option, value));
  };
  add("partition", profile.partition);
  add("account", profile.account);
  add("qos", profile.qos);
  add("nodes", std::to_string(profile.nodes));
  add("ntasks-per-node", std::to_string(profile.ranks_per_node));
  add("cpus-per-task", std::to_string(profile.cpus_per_rank));
  if (profile.gpus_per_node > 0)
    add("gres", fmt::format("gpu:{}{}{}", profile.gpu_type, profile.gpu_type.empty() ? "" : ":",
                            profile.gpus_per_node));
  add("mem", profile.memory);
  add("time", std::to_string(profile.time_limit_minutes));
  options.insert(options.end(), profile.sbatch.begin(), profile.sbatch.end());
  return fmt::format("#SBATCH {}", fmt::join(options, "\n#SBATCH "));
}

std::string setup_lines(const ClusterProfile& profile) {
  std::vector<std::string> lines;
  if (!profile.modules.empty()) lines.push_back("module load " + quoted_list(profile.modules));
  lines.insert(lines.end(), profile.setup.begin(), profile.setup.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

/// The launcher tells the ranks of a job from those of others by the nodes, tasks and cores that it is given
/// here; srun takes --cpus-per-task from sbatch no longer (since 22.05).
std::string launch_words(const ClusterProfile& profile) {
  const int ranks = profile.nodes * profile.ranks_per_node;
  if (profile.launcher == "mpirun")
    return fmt::format("mpirun --quiet -n {} --map-by ppr:{}:node --bind-to none", ranks,
                       profile.ranks_per_node);
  // A rank that ends does not end the others: after a stop they are still writing, and one that dies is
  // noticed by the ranks themselves.
  return fmt::format(
      "srun --mpi={} --nodes={} --ntasks={} --ntasks-per-node={} --cpus-per-task={} --kill-on-bad-exit=0",
      profile.srun_mpi, profile.nodes, ranks, profile.ranks_per_node, profile.cpus_per_rank);
}

/// Under Apptainer, program[0] is what the image calls it, and the copy of the executable stays unused.
std::string program_words(const ClusterProfile& profile, const SubmittedSweep& sweep) {
  if (profile.container.image.empty()) return quoted_list(sweep.program);
  std::vector<std::string> words = {"apptainer", "exec", "--bind",
                                    sweep.results.string() + "," + sweep.directory.string()};
  const auto append = [&](auto first, auto last) { words.insert(words.end(), first, last); };
  append(profile.container.options.begin(), profile.container.options.end());
  words.push_back(profile.container.image);
  append(profile.container.command.begin(), profile.container.command.end());
  append(sweep.program.begin() + 1, sweep.program.end());
  return quoted_list(words);
}

/// A chunk of an array: tasks of so many runs, from that task of the sweep on.
struct Chunk {
  std::size_t first_task, tasks;
};

/// "--runs FIRST-LAST" of a task, computed when it runs; positions count from 0.
std::string part_words(const ClusterProfile& profile, const Chunk& chunk, std::size_t runs) {
  const auto per_task = static_cast<std::size_t>(profile.array.runs_per_task);
  const std::size_t first = chunk.first_task * per_task;
  const auto of_task = [&](std::size_t position) {
    return fmt::format("{} + SLURM_ARRAY_TASK_ID * {}", position, per_task);
  };
  const std::string last = of_task(first + per_task - 1);
  return fmt::format(R"~(--runs "$(({}))-$(({} < {} ? {} : {}))")~", of_task(first), last, runs, last,
                     runs - 1);
}

std::string array_line(const ClusterProfile& profile, const Chunk& chunk) {
  const int at_once = profile.array.at_once;
  return fmt::format("\n#SBATCH --array=0-{}{}", chunk.tasks - 1,
                     at_once > 0 ? fmt::format("%{}", at_once) : "");
}

JobScript render(const ClusterProfile& profile, const SubmittedSweep& sweep, const std::string& text,
                 const std::string& template_name, std::size_t index, const Chunk* chunk = nullptr) {
  const std::string name = fmt::format("{}-{}", sweep.job_prefix, index);
  const char* id = chunk == nullptr ? "%j" : "%A_%a";
  const std::string log = directive_path(sweep.folder / "log") + "/" + name + "-" + id + ".log";
  const std::map<std::string, std::string> values = {
      {"job_name", name},
      {"directory", fmt::format("\"{}\"", directive_path(sweep.directory))},
      {"log", fmt::format("\"{}\"", log)},
      {"signal_lead_s", std::to_string(profile.signal_lead_s)},
      {"resources", resource_lines(profile) + (chunk == nullptr ? "" : array_line(profile, *chunk))},
      {"submission", shell_quote(sweep.folder.string())},
      {"setup", setup_lines(profile)},
      {"cpus_per_rank", std::to_string(profile.cpus_per_rank)},
      {"part", chunk == nullptr ? "" : part_words(profile, *chunk, sweep.runs)},
      {"launch", launch_words(profile)},
      {"program", program_words(profile, sweep)},
      {"time_limit_s", std::to_string(profile.time_limit_minutes * 60)},
      {"most_timeouts", std::to_string(profile.most_timeouts)},
  };
  return {name, fill_template(text, values, template_name)};
}

}  // namespace

std::vector<JobScript> render_job_scripts(const ClusterProfile& profile, const SubmittedSweep& sweep,
                                          const std::string& text, const std::string& template_name,
                                          std::size_t max_array_size) {
  for (const char* needed : {"{{job_name}}", "{{program}}", "{{part}}"})
    if (text.find(needed) == std::string::npos)
      fail(ExitCode::kUsage, "{}: has no place {}; without it no job would do its part of the sweep",
           template_name, needed);
  std::vector<JobScript> scripts;
  if (profile.mode == "job") {
    for (int job = 0; job < profile.jobs; ++job)
      scripts.push_back(render(profile, sweep, text, template_name, scripts.size()));
    return scripts;
  }
  const auto per_task = static_cast<std::size_t>(profile.array.runs_per_task);
  const std::size_t tasks = (sweep.runs + per_task - 1) / per_task;
  for (std::size_t first = 0; first < tasks; first += max_array_size) {
    const Chunk chunk = {first, std::min(max_array_size, tasks - first)};
    scripts.push_back(render(profile, sweep, text, template_name, scripts.size(), &chunk));
  }
  return scripts;
}

}  // namespace mofi
