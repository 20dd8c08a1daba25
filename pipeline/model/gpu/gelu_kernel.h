#pragma once
// Bodies of the kernels for bias and GELU. A warp goes down the rows of a part, each lane on four columns.

#include "model/gpu/kernel_table.h"
#include "model/gpu/row_sums.h"

namespace mofi {

/// The standard normal's distribution function and density.
struct NormalAt {
  float below, density;
};
MOFI_HOST_DEVICE NormalAt normal_at(float z) {
  return {0.5F * (1 + erff(z * 0.70710678F)), 0.39894228F * exponential(-0.5F * z * z)};
}

inline constexpr int kGeluWarps = 4, kGeluColumns = 4 * kLanesOfWarp;

template <class T>
Grid gelu_grid(std::int64_t rows, std::int64_t width) {
  return {static_cast<int>((width + kGeluColumns - 1) / kGeluColumns), row_parts(rows),
          kGeluWarps * kLanesOfWarp, kGeluWarps * kGeluColumns * static_cast<int>(sizeof(float))};
}
template <class T>
Grid grid_of(const BiasGelu<T>& a) {
  return gelu_grid<T>(a.rows, a.width);
}
template <class T>
Grid grid_of(const BiasGeluBackward<T>& a) {
  return gelu_grid<T>(a.rows, a.width);
}

template <class T, class Lanes>
MOFI_DEVICE void bias_gelu(Lanes& lanes, const BiasGelu<T>& a) {
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  const std::int64_t column = static_cast<std::int64_t>(lanes.block_x()) * kGeluColumns + 4 * lane;
  if (column >= a.width) return;
  const auto bias = load_group<4>(a.bias + column);
  const int parts = row_parts(a.rows);
  const std::int64_t last = first_row(a.rows, lanes.block_y() + 1, parts);
  for (std::int64_t n = first_row(a.rows, lanes.block_y(), parts) + warp; n < last; n += kGeluWarps) {
    const auto x = load_group<4>(a.x + n * a.width + column);
    Group<T, 4> out;
    MOFI_UNROLL
    for (int i = 0; i < 4; ++i) {
      const float z = float_of(x.at[i]) + bias.at[i];
      out.at[i] = rounded<T>(z * normal_at(z).below);
    }
    store_group<4>(out, a.out + n * a.width + column);
  }
}

/// Leaves the sums of d_x over the rows of a part in a.parts.
template <class T, class Lanes>
MOFI_DEVICE void bias_gelu_backward(Lanes& lanes, const BiasGeluBackward<T>& a) {
  auto* shared = static_cast<float*>(lanes.shared());
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  const std::int64_t column = static_cast<std::int64_t>(lanes.block_x()) * kGeluColumns + 4 * lane;
  const int parts = row_parts(a.rows);
  const std::int64_t last = first_row(a.rows, lanes.block_y() + 1, parts);
  float sums[4] = {};
  if (column < a.width) {
    const auto bias = load_group<4>(a.bias + column);
    for (std::int64_t n = first_row(a.rows, lanes.block_y(), parts) + warp; n < last; n += kGeluWarps) {
      const auto x = load_group<4>(a.x + n * a.width + column);
      const auto d_out = load_group<4>(a.d_out + n * a.width + column);
      Group<T, 4> out, d_x;
      MOFI_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float z = float_of(x.at[i]) + bias.at[i];
        const NormalAt at_z = normal_at(z);
        const float d = float_of(d_out.at[i]) * (z * at_z.density + at_z.below);
        out.at[i] = rounded<T>(z * at_z.below);
        d_x.at[i] = rounded<T>(d);
        sums[i] += d;
      }
      store_group<4>(out, a.out + n * a.width + column);
      store_group<4>(d_x, a.d_x + n * a.width + column);
    }
  }
  MOFI_UNROLL
  for (int i = 0; i < 4; ++i) shared[warp * kGeluColumns + 4 * lane + i] = sums[i];
  lanes.sync();
  if (warp > 0 || column >= a.width) return;
  for (int other = 1; other < kGeluWarps; ++other)
    for (int i = 0; i < 4; ++i) sums[i] += shared[other * kGeluColumns + 4 * lane + i];
  for (int i = 0; i < 4; ++i) a.parts[lanes.block_y() * a.width + column + i] = sums[i];
}

template <class T>
PartSums sums_of(const BiasGeluBackward<T>& a) {
  return {a.parts, row_parts(a.rows), a.width, a.d_bias};
}

}  // namespace mofi
