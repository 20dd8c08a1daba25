#pragma once
// Bodies of the kernels for bias, dropout, residual and LayerNorm. A warp holds a row in registers: kChunks
// times 32 lanes of four neighbours, so widths are 128 · kChunks.

#include "model/gpu/kernel_table.h"
#include "model/gpu/row_sums.h"

namespace mofi {

inline constexpr int kNormWarps = 4, kChunk = 4 * kLanesOfWarp, kMostChunks = 8;

inline bool norm_kernel_fits(std::int64_t width) {
  return width > 0 && width % kChunk == 0 && width <= kMostChunks * kChunk;
}

template <class T>
Grid grid_of(const ResidualNormForward<T>& a) {
  return {static_cast<int>((a.rows + kNormWarps - 1) / kNormWarps), 1, kNormWarps * kLanesOfWarp, 0};
}
/// Warps hand their sums on through a row of the shared memory each.
template <class T>
Grid grid_of(const ResidualNormBackward<T>& a) {
  return {row_parts(a.rows), 1, kNormWarps * kLanesOfWarp,
          kNormWarps * static_cast<int>(a.width) * static_cast<int>(sizeof(float))};
}

template <class Lanes>
MOFI_DEVICE float warp_sum(Lanes& lanes, float x) {
  MOFI_UNROLL
  for (int step = kLanesOfWarp / 2; step > 0; step /= 2) x += lanes.from_lane_xor(x, step);
  return x;
}

template <class T, int kChunks, class Lanes>
MOFI_DEVICE void residual_norm(Lanes& lanes, const ResidualNormForward<T>& a) {
  const int lane = lanes.thread() % kLanesOfWarp;
  const std::int64_t row =
      static_cast<std::int64_t>(lanes.block_x()) * kNormWarps + lanes.thread() / kLanesOfWarp;
  if (row >= a.rows) return;
  const std::uint32_t key = dropout_key(a.dropout, row);
  float sums[kChunks][4], total = 0;
  MOFI_UNROLL
  for (int c = 0; c < kChunks; ++c) {
    const int column = c * kChunk + 4 * lane;
    const std::int64_t at = row * a.width + column;
    const auto x = load_group<4>(a.x + at);
    const auto bias = load_group<4>(a.bias + column), residual = load_group<4>(a.residual + at);
    Group<float, 4> sum;
    MOFI_UNROLL
    for (int i = 0; i < 4; ++i) {
      float s = float_of(x.at[i]) + bias.at[i];
      if (a.dropout.threshold > 0) s = is_kept(a.dropout, key, column + i) ? s * a.dropout.keep_scale : 0;
      sum.at[i] = sums[c][i] = s + residual.at[i];
      total += sums[c][i];
    }
    store_group<4>(sum, a.sum + at);
  }
  const float mean = warp_sum(lanes, total) / static_cast<float>(a.width);
  float squares = 0;
  MOFI_UNROLL
  for (int c = 0; c < kChunks; ++c)
    for (int i = 0; i < 4; ++i) squares += (sums[c][i] - mean) * (sums[c][i] - mean);
  const float inverse = 1 / sqrtf(warp_sum(lanes, squares) / static_cast<float>(a.width) + a.epsilon);
  MOFI_UNROLL
  for (int c = 0; c < kChunks; ++c) {
    const int column = c * kChunk + 4 * lane;
    const std::int64_t at = row * a.width + column;
    const auto weight = load_group<4>(a.norm_weight + column), shift = load_group<4>(a.norm_bias + column);
    Group<float, 4> out;
    Group<T, 4> as_t;
    MOFI_UNROLL
    for (int i = 0; i < 4; ++i) {
      out.at[i] = (sums[c][i] - mean) * inverse * weight.at[i] + shift.at[i];
      as_t.at[i] = rounded<T>(out.at[i]);
    }
    store_group<4>(out, a.out + at);
    if (a.rounded != nullptr) store_group<4>(as_t, a.rounded + at);
  }
  if (lane == 0) {
    a.moments[2 * row] = mean;
    a.moments[2 * row + 1] = inverse;
  }
}

/// Adds up `sums` of the block's warps and leaves them at `to`.
template <int kChunks, class Lanes>
MOFI_DEVICE void store_sums_of_warps(Lanes& lanes, const float (&sums)[kChunks][4], float* to) {
  auto* shared = static_cast<float*>(lanes.shared());
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  constexpr int kWidth = kChunks * kChunk;
  lanes.sync();
  MOFI_UNROLL
  for (int c = 0; c < kChunks; ++c)
    for (int i = 0; i < 4; ++i) shared[warp * kWidth + c * kChunk + 4 * lane + i] = sums[c][i];
  lanes.sync();
  for (int column = lanes.thread(); column < kWidth; column += kNormWarps * kLanesOfWarp) {
    float sum = 0;
    for (int other = 0; other < kNormWarps; ++other) sum += shared[other * kWidth + column];
    to[column] = sum;
  }
}

/// Leaves the sums of the gradients of bias, norm_weight and norm_bias over the rows of a part in a.parts.
template <class T, int kChunks, class Lanes>
MOFI_DEVICE void residual_norm_backward(Lanes& lanes, const ResidualNormBackward<T>& a) {
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp,
            parts = row_parts(a.rows);
  float d_bias[kChunks][4] = {}, d_weight[kChunks][4] = {}, d_shift[kChunks][4] = {};
  const std::int64_t last = first_row(a.rows, lanes.block_x() + 1, parts);
  for (std::int64_t row = first_row(a.rows, lanes.block_x(), parts) + warp; row < last; row += kNormWarps) {
    const std::uint32_t key = dropout_key(a.dropout, row);
    const float mean = a.moments[2 * row], inverse = a.moments[2 * row + 1];
    float normalised[kChunks][4], d[kChunks][4], total = 0, dots = 0;
    MOFI_UNROLL
    for (int c = 0; c < kChunks; ++c) {
      const int column = c * kChunk + 4 * lane;
      const std::int64_t at = row * a.width + column;
      const auto sum = load_group<4>(a.sum + at), d_out = load_group<4>(a.d_out + at),
                 weight = load_group<4>(a.norm_weight + column);
      Group<T, 4> d_rounded;
      if (a.d_rounded != nullptr) d_rounded = load_group<4>(a.d_rounded + at);
      MOFI_UNROLL
      for (int i = 0; i < 4; ++i) {
        float upstream = d_out.at[i];
        if (a.d_rounded != nullptr) upstream += float_of(d_rounded.at[i]);
        normalised[c][i] = (sum.at[i] - mean) * inverse;
        d_weight[c][i] += upstream * normalised[c][i];
        d_shift[c][i] += upstream;
        d[c][i] = upstream * weight.at[i];
        total += d[c][i];
        dots += d[c][i] * normalised[c][i];
      }
    }
    const float mean_d = warp_sum(lanes, total) / static_cast<float>(a.width),
                mean_dot = warp_sum(lanes, dots) / static_cast<float>(a.width);
    MOFI_UNROLL
    for (int c = 0; c < kChunks; ++c) {
      const int column = c * kChunk + 4 * lane;
      const std::int64_t at = row * a.width + column;
      Group<float, 4> d_residual;
      Group<T, 4> d_x;
      MOFI_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float d_sum = (d[c][i] - mean_d - normalised[c][i] * mean_dot) * inverse;
        float into = d_sum;
        if (a.dropout.threshold > 0)
          into = is_kept(a.dropout, key, column + i) ? d_sum * a.dropout.keep_scale : 0;
        d_residual.at[i] = d_sum;
        d_x.at[i] = rounded<T>(into);
        d_bias[c][i] += into;
      }
      store_group<4>(d_residual, a.d_residual + at);
      store_group<4>(d_x, a.d_x + at);
    }
  }
  float* to = a.parts + static_cast<std::int64_t>(lanes.block_x()) * 3 * a.width;
  store_sums_of_warps<kChunks>(lanes, d_bias, to);
  store_sums_of_warps<kChunks>(lanes, d_weight, to + a.width);
  store_sums_of_warps<kChunks>(lanes, d_shift, to + 2 * a.width);
}

template <class T>
PartSums sums_of(const ResidualNormBackward<T>& a) {
  return {a.parts, row_parts(a.rows), 3 * a.width, a.sums};
}

}  // namespace mofi
