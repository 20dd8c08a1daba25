#pragma once
// Scoring rows with a model: each exactly once, whatever the batch size and the number of ranks.

#include "distributed/world.h"
#include "model/classifier.h"
#include "storage/run_record.h"
#include "training/dataset.h"
#include "training/predictions.h"

namespace mofi {

/// Logits [rows, classes] on the CPU, on every rank; each rank computes its share. `rows` index dataset.rows;
/// all are shifted by `shift` semitones, which must be legal for each.
torch::Tensor score_rows(const World& world, const Classifier& model, const Dataset& dataset,
                         std::span<const std::size_t> rows, Padding padding, torch::Device device,
                         int shift = 0);

/// Checksums of all hidden states of the same rows, float64 [rows, layers + 1, 2], as Predictions has them:
/// to compare with another implementation, state by state. Equal for any batch size and number of ranks but
/// for rounding. State k is what leaves site k: the embedding's or a layer's output, after FiLM where that
/// is. Only words count, under every convention for padding. Another forward pass.
torch::Tensor hidden_state_sums(const World& world, const Classifier& model, const Dataset& dataset,
                                std::span<const std::size_t> rows, Padding padding, torch::Device device);

/// The logits with what is known of their rows and pieces.
Predictions make_predictions(const Dataset& dataset, std::span<const std::size_t> rows,
                             const torch::Tensor& logits);

}  // namespace mofi
