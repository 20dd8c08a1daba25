#include "model/contraction.h"

// Highway compiles what follows once for every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/contraction.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mofi::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::CappedTag<float, kLanes>;
using V = hn::Vec<F>;

// A tile is kRows rows of some vectors. Of 32 registers (AVX-512) 16 hold sums; of 16, eight or fewer.
constexpr int kRows = 4;
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;
constexpr int kTileVectors = kManyRegisters ? 4 : 2;
constexpr int kDistanceTileVectors = kManyRegisters ? 2 : 1;  // as many again hold c

#define MOFI_UNROLL _Pragma("GCC unroll 4")

template <int kVectors>
struct Sums {
  V of[kRows][kVectors];

  HWY_INLINE Sums(const float* result, std::ptrdiff_t row, bool adds) {
    const F f;
    MOFI_UNROLL
    for (int i = 0; i < kRows; ++i) MOFI_UNROLL
    for (int v = 0; v < kVectors; ++v)
      of[i][v] = adds ? hn::LoadU(f, result + i * row + v * hn::Lanes(f)) : hn::Zero(f);
  }
  HWY_INLINE void store(float* result, std::ptrdiff_t row) const {
    const F f;
    MOFI_UNROLL
    for (int i = 0; i < kRows; ++i) MOFI_UNROLL
    for (int v = 0; v < kVectors; ++v) hn::StoreU(of[i][v], f, result + i * row + v * hn::Lanes(f));
  }
};

template <int kVectors>
struct Row {
  V of[kVectors];

  HWY_INLINE void load(const float* at) {
    const F f;
    MOFI_UNROLL
    for (int v = 0; v < kVectors; ++v) of[v] = hn::LoadU(f, at + v * hn::Lanes(f));
  }
};

template <int kVectors>
HWY_INLINE void product_tile(std::ptrdiff_t steps, const Operand& a, const Operand& b, float* result,
                             std::ptrdiff_t result_row, bool adds) {
  const F f;
  Sums<kVectors> sums(result, result_row, adds);
  for (std::ptrdiff_t k = 0; k < steps; ++k) {
    Row<kVectors> right;
    right.load(b.data + k * b.step);
    MOFI_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const V left = hn::Set(f, a.data[i * a.row + k * a.step]);
      MOFI_UNROLL
      for (int v = 0; v < kVectors; ++v) sums.of[i][v] = hn::MulAdd(left, right.of[v], sums.of[i][v]);
    }
  }
  sums.store(result, result_row);
}

template <int kVectors>
HWY_INLINE void relation_tile(std::ptrdiff_t steps, const Operand& a, const Operand& b, const Operand& c,
                              float* result, std::ptrdiff_t result_row) {
  const F f;
  Sums<kVectors> sums(result, result_row, false);
  for (std::ptrdiff_t k = 0; k < steps; ++k) {
    Row<kVectors> right;
    right.load(b.data + k * b.step);
    MOFI_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const V left = hn::Set(f, a.data[i * a.row + k * a.step]);
      Row<kVectors> relation;
      relation.load(c.data + i * c.row + k * c.step);
      MOFI_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums.of[i][v] = hn::MulAdd(left, right.of[v], sums.of[i][v]);
        sums.of[i][v] = hn::MulAdd(hn::Add(left, right.of[v]), relation.of[v], sums.of[i][v]);
      }
    }
  }
  sums.store(result, result_row);
}

/// From one step to the next every row takes over the c of the row before it, so one row of c is loaded a
/// step, and four steps are written out for c to stay where it is: c(j) in slot j modulo 4.
template <int kVectors>
HWY_INLINE void distance_tile(std::ptrdiff_t steps, const Operand& a, const Operand& b, const float* c,
                              std::ptrdiff_t c_row, float* result, std::ptrdiff_t result_row, bool adds) {
  const F f;
  Sums<kVectors> sums(result, result_row, adds);
  Row<kVectors> slots[kRows];
  MOFI_UNROLL
  for (int j = 1; j < kRows; ++j) slots[j].load(c + j * c_row);
  for (std::ptrdiff_t k = 0; k < steps; k += kRows) {
    MOFI_UNROLL
    for (int u = 0; u < kRows; ++u) {
      slots[(kRows - u) % kRows].load(c - (k + u) * c_row);
      Row<kVectors> right;
      right.load(b.data + (k + u) * b.step);
      MOFI_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const V left = hn::Set(f, a.data[i * a.row + (k + u) * a.step]);
        const Row<kVectors>& distant = slots[(kRows + i - u) % kRows];
        MOFI_UNROLL
        for (int v = 0; v < kVectors; ++v)
          sums.of[i][v] = hn::MulAdd(left, hn::Add(right.of[v], distant.of[v]), sums.of[i][v]);
      }
    }
  }
  sums.store(result, result_row);
}

/// Calls tile(first row, first float of the width, number of vectors as a constant) over the whole result,
/// down the rows first, so that b and c are read from the nearest cache.
template <int kVectors, class Tile>
HWY_INLINE void for_each_tile(const ContractionSize& size, Tile tile) {
  const auto lanes = static_cast<std::ptrdiff_t>(hn::Lanes(F()));
  std::ptrdiff_t v = 0;
  for (; v + kVectors * lanes <= size.width; v += kVectors * lanes)
    for (std::ptrdiff_t i = 0; i < size.rows; i += kRows) tile(i, v, std::integral_constant<int, kVectors>());
  for (; v < size.width; v += lanes)
    for (std::ptrdiff_t i = 0; i < size.rows; i += kRows) tile(i, v, std::integral_constant<int, 1>());
}

void contract_of(const ContractionSize& size, const Operand& a, const Operand& b, float* result,
                 std::ptrdiff_t result_row, bool adds) {
  for_each_tile<kTileVectors>(size, [&](std::ptrdiff_t i, std::ptrdiff_t v, auto vectors) HWY_ATTR {
    product_tile<vectors()>(size.steps, a.at(i, 0), {b.data + v, 0, b.step}, result + i * result_row + v,
                            result_row, adds);
  });
}

void contract_by_distance_of(const ContractionSize& size, const Operand& a, const Operand& b, const float* c,
                             std::ptrdiff_t c_row, float* result, std::ptrdiff_t result_row, bool adds) {
  for_each_tile<kDistanceTileVectors>(size, [&](std::ptrdiff_t i, std::ptrdiff_t v, auto vectors) HWY_ATTR {
    distance_tile<vectors()>(size.steps, a.at(i, 0), {b.data + v, 0, b.step}, c + i * c_row + v, c_row,
                             result + i * result_row + v, result_row, adds);
  });
}

void contract_with_relation_of(const ContractionSize& size, const Operand& a, const Operand& b,
                               const Operand& c, float* result, std::ptrdiff_t result_row) {
  for_each_tile<kTileVectors>(size, [&](std::ptrdiff_t i, std::ptrdiff_t v, auto vectors) HWY_ATTR {
    relation_tile<vectors()>(size.steps, a.at(i, 0), {b.data + v, 0, b.step},
                             {c.data + i * c.row + v, c.row, c.step}, result + i * result_row + v,
                             result_row);
  });
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace mofi::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mofi {

HWY_EXPORT(contract_of);
HWY_EXPORT(contract_by_distance_of);
HWY_EXPORT(contract_with_relation_of);
HWY_EXPORT(target_name);

void contract(const ContractionSize& size, const Operand& a, const Operand& b, float* result,
              std::ptrdiff_t result_row, bool adds) {
  HWY_DYNAMIC_DISPATCH(contract_of)(size, a, b, result, result_row, adds);
}

void contract_by_distance(const ContractionSize& size, const Operand& a, const Operand& b, const float* c,
                          std::ptrdiff_t c_row, float* result, std::ptrdiff_t result_row, bool adds) {
  HWY_DYNAMIC_DISPATCH(contract_by_distance_of)(size, a, b, c, c_row, result, result_row, adds);
}

void contract_with_relation(const ContractionSize& size, const Operand& a, const Operand& b, const Operand& c,
                            float* result, std::ptrdiff_t result_row) {
  HWY_DYNAMIC_DISPATCH(contract_with_relation_of)(size, a, b, c, result, result_row);
}

const char* kernel_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace mofi
#endif  // HWY_ONCE
