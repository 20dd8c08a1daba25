#include "model/attention_kernels.h"

#include <algorithm>
#include <cstring>
#include <limits>

// Highway compiles what follows once for every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/attention_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h, as it wants.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace mofi::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::ScalableTag<float>;
using U = hn::RebindToUnsigned<F>;
using I = hn::RebindToSigned<F>;

/// Calls step(i, whole) for every vector of `size` elements; `load` and `store` of the last one are partial.
template <class Step>
HWY_INLINE void for_each_vector(std::size_t size, Step step) {
  const F f;
  const std::size_t lanes = hn::Lanes(f);
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) step(i, lanes);
  if (i < size) step(i, size - i);
}

/// The end of a row, which is part of a vector, goes through a buffer: masked loads and stores need aligned
/// rows on older machines, and on some touch what lies behind.
HWY_INLINE hn::Vec<F> load(const float* at, std::size_t count, float otherwise) {
  const F f;
  if (count == hn::Lanes(f)) return hn::LoadU(f, at);
  HWY_ALIGN float buffer[hn::MaxLanes(f)];
  hn::Store(hn::Set(f, otherwise), f, buffer);
  std::memcpy(buffer, at, std::min(count, hn::MaxLanes(f)) * sizeof(float));
  return hn::Load(f, buffer);
}

HWY_INLINE void store(hn::Vec<F> value, float* at, std::size_t count) {
  const F f;
  if (count == hn::Lanes(f)) {
    hn::StoreU(value, f, at);
    return;
  }
  HWY_ALIGN float buffer[hn::MaxLanes(f)];
  hn::Store(value, f, buffer);
  std::memcpy(at, buffer, std::min(count, hn::MaxLanes(f)) * sizeof(float));
}

/// Bits that look random, of key and element number: the finaliser of MurmurHash3 over a Weyl sequence.
HWY_INLINE hn::Vec<U> hash(std::uint32_t key, std::size_t first) {
  const U u;
  hn::Vec<U> x = hn::Add(hn::Mul(hn::Iota(u, static_cast<std::uint32_t>(first)), hn::Set(u, 0x9E3779B9U)),
                         hn::Set(u, key));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<16>(x)), hn::Set(u, 0x85EBCA6BU));
  x = hn::Mul(hn::Xor(x, hn::ShiftRight<13>(x)), hn::Set(u, 0xC2B2AE35U));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

/// keep_scale where kept, 0 where dropped.
HWY_INLINE hn::Vec<F> keep_factors(const RowDropout& dropout, std::size_t first) {
  const F f;
  const U u;
  const auto is_dropped = hn::Gt(hn::Set(u, dropout.threshold), hash(dropout.key, first));
  return hn::IfThenZeroElse(hn::RebindMask(f, is_dropped), hn::Set(f, dropout.keep_scale));
}

void attention_row_of(const float* scores, const float* positions, const float* bias, float scale,
                      const RowDropout& dropout, std::size_t size, float* probabilities, float* dropped) {
  const F f;
  const auto scales = hn::Set(f, scale);
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  auto most = hn::Set(f, kLowest);
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto sum = hn::Add(load(scores + i, n, 0), load(positions + i, n, 0));
    const auto x = bias == nullptr ? hn::Mul(sum, scales) : hn::MulAdd(sum, scales, load(bias + i, n, 0));
    store(x, probabilities + i, n);
    most = hn::Max(most, n == hn::Lanes(f) ? x : hn::IfThenElse(hn::FirstN(f, n), x, hn::Set(f, kLowest)));
  });
  const auto top = hn::MaxOfLanes(f, most);
  auto sums = hn::Zero(f);
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto x = hn::Sub(load(probabilities + i, n, kLowest), top);
    const auto e = hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(f, x));  // which would make 0 of what is no number
    store(e, probabilities + i, n);
    sums = hn::Add(sums, n == hn::Lanes(f) ? e : hn::IfThenElseZero(hn::FirstN(f, n), e));
  });
  const auto inverse = hn::Div(hn::Set(f, 1.0F), hn::SumOfLanes(f, sums));
  const bool drops = dropout.threshold > 0;
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto p = hn::Mul(load(probabilities + i, n, 0), inverse);
    store(p, probabilities + i, n);
    if (drops) store(hn::Mul(p, keep_factors(dropout, i)), dropped + i, n);
  });
}

void attention_row_backward_of(const float* probabilities, const float* d_dropped, float scale,
                               const RowDropout& dropout, std::size_t size, float* dropped, float* d_scores) {
  const F f;
  const bool drops = dropout.threshold > 0;
  auto dots = hn::Zero(f);
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const auto p = load(probabilities + i, n, 0);
    const auto kept = drops ? hn::Mul(p, keep_factors(dropout, i)) : p;
    store(kept, dropped + i, n);
    dots = hn::MulAdd(kept, load(d_dropped + i, n, 0), dots);
  });
  const auto dot = hn::SumOfLanes(f, dots);
  const auto scales = hn::Set(f, scale);
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    // p · (factor · d - dot) = dropped · d - p · dot
    const auto inner = hn::NegMulAdd(load(probabilities + i, n, 0), dot,
                                     hn::Mul(load(dropped + i, n, 0), load(d_dropped + i, n, 0)));
    store(hn::Mul(inner, scales), d_scores + i, n);
  });
}

HWY_INLINE hn::Vec<F> gather(const float* column, std::size_t stride) {
  const F f;
  const I i;
  return hn::GatherIndex(f, column, hn::Mul(hn::Iota(i, 0), hn::Set(i, static_cast<std::int32_t>(stride))));
}

template <bool kAdds>
HWY_INLINE void column(const float* source, std::size_t stride, std::size_t size, float* row) {
  const F f;
  const std::size_t lanes = hn::Lanes(f);
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const auto values = gather(source + i * stride, stride);
    hn::StoreU(kAdds ? hn::Add(hn::LoadU(f, row + i), values) : values, f, row + i);
  }
  for (; i < size; ++i) row[i] = source[i * stride] + (kAdds ? row[i] : 0);
}

void add_column_of(const float* source, std::size_t stride, std::size_t size, float* row) {
  column<true>(source, stride, size, row);
}
void copy_column_of(const float* source, std::size_t stride, std::size_t size, float* row) {
  column<false>(source, stride, size, row);
}

void drop_row_of(const float* in, const RowDropout& dropout, std::size_t size, float* out) {
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    store(hn::Mul(load(in + i, n, 0), keep_factors(dropout, i)), out + i, n);
  });
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace mofi::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mofi {

HWY_EXPORT(attention_row_of);
HWY_EXPORT(attention_row_backward_of);
HWY_EXPORT(add_column_of);
HWY_EXPORT(copy_column_of);
HWY_EXPORT(drop_row_of);
HWY_EXPORT(target_name);

void attention_row(const float* scores, const float* positions, const float* bias, float scale,
                   const RowDropout& dropout, std::size_t size, float* probabilities, float* dropped) {
  HWY_DYNAMIC_DISPATCH(attention_row_of)
  (scores, positions, bias, scale, dropout, size, probabilities, dropped);
}

void attention_row_backward(const float* probabilities, const float* d_dropped, float scale,
                            const RowDropout& dropout, std::size_t size, float* dropped, float* d_scores) {
  HWY_DYNAMIC_DISPATCH(attention_row_backward_of)
  (probabilities, d_dropped, scale, dropout, size, dropped, d_scores);
}

void add_column(const float* column, std::size_t stride, std::size_t size, float* row) {
  HWY_DYNAMIC_DISPATCH(add_column_of)(column, stride, size, row);
}

void copy_column(const float* column, std::size_t stride, std::size_t size, float* row) {
  HWY_DYNAMIC_DISPATCH(copy_column_of)(column, stride, size, row);
}

void drop_row(const float* in, const RowDropout& dropout, std::size_t size, float* out) {
  HWY_DYNAMIC_DISPATCH(drop_row_of)(in, dropout, size, out);
}

const char* attention_kernel_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace mofi
#endif  // HWY_ONCE
