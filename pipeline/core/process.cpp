#include "core/process.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace mofi {
namespace {

std::string first_word_of(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

std::string environment_text(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

struct Stat {
  char state = '?';
  std::uint64_t started = 0;
};

/// Of /proc/PID/stat; nothing of a process that is not there. The name in it may hold anything, so what
/// counts begins after the last bracket.
Stat stat_of(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::stringstream text;
  text << file.rdbuf();
  const std::string line = text.str();
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {'X', 0};
  std::istringstream fields(line.substr(name_end + 1));
  Stat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;  // as proc(5) counts them
  fields >> stat.started;
  return stat;
}

ProcessId ask_system() {
  std::array<char, 256> host{}, pid_namespace{};
  gethostname(host.data(), host.size() - 1);
  if (readlink("/proc/self/ns/pid", pid_namespace.data(), pid_namespace.size() - 1) < 0) pid_namespace[0] = 0;
  std::string slurm_job = environment_text("SLURM_JOB_ID");
  if (const std::string array = environment_text("SLURM_ARRAY_JOB_ID"); !array.empty())
    slurm_job = array + "_" + environment_text("SLURM_ARRAY_TASK_ID");
  return {host.data(),
          first_word_of("/proc/sys/kernel/random/boot_id"),
          pid_namespace.data(),
          getpid(),
          stat_of(getpid()).started,
          environment_text("PMIX_NAMESPACE"),
          slurm_job};
}

}  // namespace

const ProcessId& this_process() {
  static ProcessId self = ask_system();
  if (self.pid != getpid()) self = ask_system();  // a fork
  return self;
}

bool is_dead(std::int64_t pid) {
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return true;
  return stat_of(pid).state == 'Z';
}

Life life_of(const ProcessId& process) {
  const ProcessId& self = this_process();
  if (process == self) return Life::kAlive;
  if (process.boot.empty() || process.boot != self.boot || process.pid_namespace != self.pid_namespace)
    return Life::kUnknown;
  const Stat stat = stat_of(process.pid);
  const bool is_there = stat.state != 'X' && stat.state != 'Z' && stat.started == process.started;
  return is_there ? Life::kAlive : Life::kDead;
}

std::string text_of(const ProcessId& process) {
  std::string text = fmt::format("process {} on {}", process.pid, process.host);
  if (!process.slurm_job.empty()) text += fmt::format(" (Slurm job {})", process.slurm_job);
  return text;
}

Json to_json(const ProcessId& process) {
  Json json = {{"host", process.host},
               {"boot", process.boot},
               {"pid_namespace", process.pid_namespace},
               {"pid", process.pid},
               {"started", process.started}};
  if (!process.launcher_job.empty()) json["launcher_job"] = process.launcher_job;
  if (!process.slurm_job.empty()) json["slurm_job"] = process.slurm_job;
  return json;
}

ProcessId process_from_json(const Json& json) {
  return {json.at("host").get<std::string>(),
          json.at("boot").get<std::string>(),
          json.at("pid_namespace").get<std::string>(),
          json.at("pid").get<std::int64_t>(),
          json.at("started").get<std::uint64_t>(),
          json.value("launcher_job", ""),
          json.value("slurm_job", "")};
}

}  // namespace mofi
