#include "training/batches.h"

#include <algorithm>

#include "core/random.h"

namespace mofi {
namespace {

constexpr std::size_t kSortedBatches = 8;

}  // namespace

std::vector<std::vector<std::size_t>> epoch_batches(const Dataset& dataset, std::span<const std::size_t> rows,
                                                    std::size_t batch, std::uint64_t seed, int epoch) {
  const auto count = static_cast<std::int64_t>(rows.size());
  auto order =
      random_permutation(count, RandomStream(seed, "shuffle rows", static_cast<std::uint64_t>(epoch)));
  const auto at = [&](std::size_t i) {
    return order.begin() + static_cast<std::ptrdiff_t>(std::min(i, order.size()));
  };
  for (std::size_t first = 0; first < order.size(); first += kSortedBatches * batch)
    std::stable_sort(at(first), at(first + kSortedBatches * batch), [&](auto a, auto b) {
      return dataset.rows[rows[static_cast<std::size_t>(a)]].words <
             dataset.rows[rows[static_cast<std::size_t>(b)]].words;
    });
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t first = 0; first < order.size(); first += batch) {
    batches.emplace_back();
    for (auto i = at(first); i != at(first + batch); ++i)
      batches.back().push_back(rows[static_cast<std::size_t>(*i)]);
  }
  RandomStream(seed, "shuffle batches", static_cast<std::uint64_t>(epoch)).shuffle(std::span(batches));
  return batches;
}

std::vector<int> draw_shifts(const Dataset& dataset, std::span<const std::size_t> rows, ShiftRange wanted,
                             std::uint64_t seed, int epoch) {
  std::vector<int> shifts;
  for (const std::size_t r : rows) {
    const std::size_t piece = dataset.rows[r].piece;
    const ShiftRange range = legal_shifts(dataset.tokens->scheme, dataset.tokens->pieces[piece], wanted);
    RandomStream stream(seed, "transpose", static_cast<std::uint64_t>(epoch), piece);
    shifts.push_back(stream.between(range.lowest, range.highest));
  }
  return shifts;
}

std::vector<int> draw_shifts(const Dataset& dataset, std::span<const std::size_t> rows,
                             const TrainingConfig& training, std::uint64_t seed, int epoch) {
  if (training.shifts.empty() && !training.expand)
    return draw_shifts(dataset, rows, ShiftRange{-training.transpose_down, training.transpose_up}, seed,
                       epoch);
  std::vector<int> shifts;
  for (const std::size_t r : rows) {
    const DatasetRow& row = dataset.rows[r];
    if (row.shift) {
      shifts.push_back(*row.shift);
      continue;
    }
    const std::vector<int> legal =
        wanted_shifts(dataset.tokens->scheme, dataset.tokens->pieces[row.piece], training);
    RandomStream stream(seed, "transpose", static_cast<std::uint64_t>(epoch), row.piece);
    shifts.push_back(legal[stream.below(static_cast<std::uint32_t>(legal.size()))]);
  }
  return shifts;
}

std::int64_t count_words(const Dataset& dataset, std::span<const std::size_t> rows) {
  std::int64_t words = 0;
  for (const std::size_t r : rows) words += dataset.rows[r].words;
  return words;
}

}  // namespace mofi
