#pragma once
// What a run predicts of rows, with what is known of them and their pieces.

#include <span>

#include "storage/run_record.h"
#include "training/dataset.h"

namespace mofi {

/// `rows` index dataset.rows; logits [rows, classes].
Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             std::span<const float> logits);

/// {"valid": {"rows": n, "correct": k, "accuracy": k / n}, …} over rows; labelled rows only.
Json row_accuracy(const Predictions& predictions);

}  // namespace mofi
