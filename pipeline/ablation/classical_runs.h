#pragma once
// What it is to do a run of a classical system.

#include "ablation/execute.h"

namespace mofi {

/// Seconds at most, so nothing is kept on the way and no time-out is looked at. Every rank does all of it.
DoRun classical_runs(InputsOf inputs);

}  // namespace mofi
