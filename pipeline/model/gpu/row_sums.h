#pragma once
// Sums over rows of a matrix whose order nothing changes: a fixed number of parts by the number of rows
// alone, then the sum of the parts. No atomics.

#include "model/gpu/host_device.h"

namespace mofi {

inline constexpr int kMostRowParts = 128;

/// In how many parts rows are summed: at least 16 rows each.
MOFI_HOST_DEVICE int row_parts(std::int64_t rows) {
  const std::int64_t parts = (rows + 15) / 16;
  return static_cast<int>(parts < 1 ? 1 : parts > kMostRowParts ? kMostRowParts : parts);
}
MOFI_HOST_DEVICE std::int64_t first_row(std::int64_t rows, int part, int parts) {
  return rows * part / parts;
}

/// out[i] = Σ parts[p][i].
struct PartSums {
  const float* parts;
  int count;
  std::int64_t width;
  float* out;
};

inline constexpr int kSumGroups = 8;
inline Grid grid_of(const PartSums& a) {
  constexpr int kThreads = kSumGroups * kLanesOfWarp;
  return {static_cast<int>((a.width + kLanesOfWarp - 1) / kLanesOfWarp), 1, kThreads,
          kThreads * static_cast<int>(sizeof(float))};
}

template <class Lanes>
MOFI_DEVICE void sum_parts(Lanes& lanes, const PartSums& a) {
  auto* sums = static_cast<float*>(lanes.shared());
  const int lane = lanes.thread() % kLanesOfWarp, group = lanes.thread() / kLanesOfWarp;
  const std::int64_t column = static_cast<std::int64_t>(lanes.block_x()) * kLanesOfWarp + lane;
  float sum = 0;
  if (column < a.width)
    for (int part = group; part < a.count; part += kSumGroups) sum += a.parts[part * a.width + column];
  sums[lanes.thread()] = sum;
  lanes.sync();
  if (group > 0 || column >= a.width) return;
  for (int other = 1; other < kSumGroups; ++other) sum += sums[other * kLanesOfWarp + lane];
  a.out[column] = sum;
}

}  // namespace mofi
