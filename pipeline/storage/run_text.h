#pragma once
// Finished runs and their predictions in words.

#include <string>

#include "storage/run_record.h"

namespace mofi {

/// All there is to say, with the logits of the first `rows` rows.
std::string text_of(const Predictions& predictions, std::size_t rows);

/// What was run, how it went and what it cost.
std::string text_of(const RunRecord& record);

}  // namespace mofi
