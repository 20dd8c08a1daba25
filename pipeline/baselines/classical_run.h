#pragma once
// One run of a classical system: what it learns of the pieces of the training part, it scores on the rows of
// the parts that are to be evaluated, as a neural run does.

#include "training/run.h"

namespace mofi {

/// Every piece is learned from once, however many rows it has; all rows of a piece get its logits. Throws as
/// make_dataset does, a usage error when the features are missing, kData when they do not fit the tokens.
RunResult classical_run(const RunConfig& config, const RunInputs& inputs);

}  // namespace mofi
