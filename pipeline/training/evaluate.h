#pragma once
// Scoring rows with a model: each exactly once, whatever the batch size and the number of ranks.

#include "distributed/world.h"
#include "storage/run_record.h"
#include "training/dataset.h"

namespace mofi {

/// Logits [rows, classes] on the CPU, on every rank; each rank computes its share. `rows` index dataset.rows.
torch::Tensor score_rows(const World& world, const Classifier& model, const Dataset& dataset,
                         std::span<const std::size_t> rows, Padding padding, torch::Device device);

/// The logits with what is known of their rows and pieces.
Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             const torch::Tensor& logits);

/// {"valid": {"rows": n, "correct": k, "accuracy": k / n}, …} over rows; labelled rows only.
Json row_accuracy(const Predictions& predictions);

}  // namespace mofi
