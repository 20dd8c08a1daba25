#pragma once
// Everything that is known of one run, in words: `mofi sweep plan --why RUN`.

#include <string>
#include <vector>

#include "ablation/plan.h"

namespace mofi {

/// The run of that id, or of an id that begins so and is the only one. Throws kUsage where none or several
/// are.
const PlannedRun& run_named(const std::vector<PlannedRun>& plan, const std::string& id);

/// State and reason, where it is asked for, digests of its inputs, every attempt with what it said, and how
/// its config differs from that of the done run that is most like it.
std::string explain(const PlannedRun& run, const Ledger& ledger);

}  // namespace mofi
