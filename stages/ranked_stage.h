#pragma once
// What stages that run under mpirun do around their one function, besides what stage_main.h does for all.

#include <functional>

#include "distributed/world.h"
#include "stage_main.h"

namespace mofi {

/// As run_stage, with the ranks of this job. An error on one rank of several ends the job with its own exit
/// code, after its message is out. Adds --rank-timeout (distributed/watchdog.h).
int run_ranked_stage(int argc, char** argv, CLI::App& app, const std::function<void(const World&)>& body);

}  // namespace mofi
