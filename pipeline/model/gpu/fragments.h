#pragma once
// Products of a warp with matrices in shared memory: 16 rows of a by tiles of 8 columns of b. Their results
// are spread over the lanes as mma.sync m16n8k16 does it (PTX ISA, "Matrix Fragments for mma.m16n8k16"): a
// lane has elements e = 0..3 at row fragment_row(lane, e) and column fragment_column(lane, e). bfloat16 goes
// through tensor cores, float32 through plain arithmetic; both sum in float32.

#include "model/gpu/host_device.h"

namespace mofi {

MOFI_HOST_DEVICE int fragment_row(int lane, int e) { return lane / 4 + 8 * (e / 2); }
MOFI_HOST_DEVICE int fragment_column(int lane, int e) { return 2 * (lane % 4) + e % 2; }

/// Two neighbours in one register, as mma.sync takes them.
MOFI_HOST_DEVICE std::uint32_t pair_at(const Bfloat16* at) {
  std::uint32_t pair;
  memcpy(&pair, __builtin_assume_aligned(at, 4), sizeof pair);
  return pair;
}

/// 16 rows of a, each kDepth long, `stride` apart.
template <class T, int kDepth>
struct RowsOfA;

template <int kDepth>
struct RowsOfA<Bfloat16, kDepth> {
  std::uint32_t registers[kDepth / 16][4];

  template <class Lanes>
  MOFI_DEVICE RowsOfA(Lanes& lanes, const Bfloat16* a, int stride) {
    const int lane = lanes.thread() % kLanesOfWarp;
    const Bfloat16* at = a + lane / 4 * stride + 2 * (lane % 4);
    MOFI_UNROLL
    for (int k = 0; k < kDepth / 16; ++k) {
      registers[k][0] = pair_at(at + 16 * k);
      registers[k][1] = pair_at(at + 16 * k + 8 * stride);
      registers[k][2] = pair_at(at + 16 * k + 8);
      registers[k][3] = pair_at(at + 16 * k + 8 * stride + 8);
    }
  }
};

template <int kDepth>
struct RowsOfA<float, kDepth> {
  const float* at;
  int stride;

  template <class Lanes>
  MOFI_DEVICE RowsOfA(Lanes& lanes, const float* a, int row_stride)
      : at(a + lanes.thread() % kLanesOfWarp / 4 * row_stride), stride(row_stride) {}
};

/// c += a · bᵀ; b: 8 · kColumns rows of kDepth.
template <int kColumns, int kDepth, class Lanes>
MOFI_DEVICE void multiply_rows(Lanes& lanes, const RowsOfA<Bfloat16, kDepth>& a, const Bfloat16* b,
                               int stride, float (&c)[kColumns][4]) {
  const int lane = lanes.thread() % kLanesOfWarp;
  MOFI_UNROLL
  for (int n = 0; n < kColumns; ++n) {
    const Bfloat16* at = b + (8 * n + lane / 4) * stride + 2 * (lane % 4);
    MOFI_UNROLL
    for (int k = 0; k < kDepth / 16; ++k)
      lanes.multiply(c[n], a.registers[k], pair_at(at + 16 * k), pair_at(at + 16 * k + 8));
  }
}
template <int kColumns, int kDepth, class Lanes>
MOFI_DEVICE void multiply_rows(Lanes& lanes, const RowsOfA<float, kDepth>& a, const float* b, int stride,
                               float (&c)[kColumns][4]) {
  const int column = 2 * (lanes.thread() % 4);
  for (int k = 0; k < kDepth; ++k) {
    const float a_low = a.at[k], a_high = a.at[8 * a.stride + k];
    MOFI_UNROLL
    for (int n = 0; n < kColumns; ++n) {
      const float b_0 = b[(8 * n + column) * stride + k], b_1 = b[(8 * n + column + 1) * stride + k];
      c[n][0] += a_low * b_0;
      c[n][1] += a_low * b_1;
      c[n][2] += a_high * b_0;
      c[n][3] += a_high * b_1;
    }
  }
}

/// c += a · b; b: kDepth rows of 8 · kColumns.
template <int kColumns, int kDepth, class Lanes>
MOFI_DEVICE void multiply_columns(Lanes& lanes, const RowsOfA<Bfloat16, kDepth>& a, const Bfloat16* b,
                                  int stride, float (&c)[kColumns][4]) {
  // A lane names a row of one of four blocks of 8 × 8: two below each other for 8 columns, two for the
  // next 8.
  const int lane = lanes.thread() % kLanesOfWarp;
  const Bfloat16* at = b + (lane / 8 % 2 * 8 + lane % 8) * stride + lane / 16 * 8;
  static_assert(kColumns % 2 == 0);
  MOFI_UNROLL
  for (int n = 0; n < kColumns; n += 2) {
    MOFI_UNROLL
    for (int k = 0; k < kDepth / 16; ++k) {
      std::uint32_t blocks[4];
      lanes.load_transposed(blocks, at + 16 * k * stride + 8 * n);
      lanes.multiply(c[n], a.registers[k], blocks[0], blocks[1]);
      lanes.multiply(c[n + 1], a.registers[k], blocks[2], blocks[3]);
    }
  }
}
template <int kColumns, int kDepth, class Lanes>
MOFI_DEVICE void multiply_columns(Lanes& lanes, const RowsOfA<float, kDepth>& a, const float* b, int stride,
                                  float (&c)[kColumns][4]) {
  const int column = 2 * (lanes.thread() % 4);
  for (int k = 0; k < kDepth; ++k) {
    const float a_low = a.at[k], a_high = a.at[8 * a.stride + k];
    MOFI_UNROLL
    for (int n = 0; n < kColumns; ++n) {
      const float b_0 = b[k * stride + 8 * n + column], b_1 = b[k * stride + 8 * n + column + 1];
      c[n][0] += a_low * b_0;
      c[n][1] += a_low * b_1;
      c[n][2] += a_high * b_0;
      c[n][3] += a_high * b_1;
    }
  }
}

}  // namespace mofi
