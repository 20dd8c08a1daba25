#pragma once
// Which process this is, so that another one can say later, maybe elsewhere, whether it still lives. A number
// alone would not do: numbers are given again, after a restart of the machine and before.

#include <cstdint>
#include <string>

#include "core/config.h"

namespace mofi {

struct ProcessId {
  std::string host;
  std::string boot;           ///< of the machine; another one after every start of it
  std::string pid_namespace;  ///< within which numbers of processes count: that of a container, maybe
  std::int64_t pid = 0;
  std::uint64_t started = 0;  ///< in clock ticks since the machine started
  std::string launcher_job;   ///< mpirun's or srun's own name of the job; empty without one
  std::string slurm_job;      ///< "1234", "1234_7" of an array; empty without Slurm

  bool operator==(const ProcessId&) const = default;
};

const ProcessId& this_process();

enum class Life { kAlive, kDead, kUnknown };

/// What this machine itself knows of that process: nothing of those of other machines and of containers. The
/// dead that nobody has buried yet are dead.
Life life_of(const ProcessId& process);

/// Whether no process of that number runs here: it is gone, or dead and not buried yet.
bool is_dead(std::int64_t pid);

/// "process 4711 on node7".
std::string text_of(const ProcessId& process);

Json to_json(const ProcessId& process);
/// Throws nlohmann's exceptions where it is not what to_json gives.
ProcessId process_from_json(const Json& json);

}  // namespace mofi
