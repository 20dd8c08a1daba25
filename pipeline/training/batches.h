#pragma once
// Which rows come together, in what order and in what key: functions of seed and epoch alone.

#include <cstdint>
#include <vector>

#include "tokens/transposition.h"
#include "training/dataset.h"

namespace mofi {

/// The batches of an epoch: rows (indices into dataset.rows) in random order; then, among each few batches'
/// worth of rows, those of like length together, so that little is computed on padding; then the batches in
/// random order. The last in the list of lengths may be smaller.
std::vector<std::vector<std::size_t>> epoch_batches(const Dataset& dataset, std::span<const std::size_t> rows,
                                                    std::size_t batch, std::uint64_t seed, int epoch);

/// One legal shift in semitones per row, drawn per piece and epoch.
std::vector<int> draw_shifts(const Dataset& dataset, std::span<const std::size_t> rows, ShiftRange wanted,
                             std::uint64_t seed, int epoch);
/// The same as a config has it: a row's own (DatasetRow::shift), or one of the list or the range.
std::vector<int> draw_shifts(const Dataset& dataset, std::span<const std::size_t> rows,
                             const TrainingConfig& training, std::uint64_t seed, int epoch);

/// Words of these rows.
std::int64_t count_words(const Dataset& dataset, std::span<const std::size_t> rows);

}  // namespace mofi
