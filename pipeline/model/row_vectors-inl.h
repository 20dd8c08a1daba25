// Included once for every instruction set, after hwy/highway.h: vectors of float32 from rows of any width and
// of either type. No include guard but Highway's.

#if defined(MOFI_ROW_VECTORS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef MOFI_ROW_VECTORS_INL
#undef MOFI_ROW_VECTORS_INL
#else
#define MOFI_ROW_VECTORS_INL
#endif

#include <algorithm>
#include <cstring>

#include "model/bfloat16.h"
#include "model/row_dropout.h"

HWY_BEFORE_NAMESPACE();
namespace mofi::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::CappedTag<float, 16>;
using U = hn::RebindToUnsigned<F>;
using I = hn::RebindToSigned<F>;
using H = hn::Rebind<std::uint16_t, F>;  // the upper half of a float: a Bfloat16

HWY_INLINE hn::Vec<F> load_whole(const float* at) { return hn::LoadU(F(), at); }
HWY_INLINE hn::Vec<F> load_whole(const Bfloat16* at) {
  const auto bits = hn::LoadU(H(), &at->bits);
  return hn::BitCast(F(), hn::ShiftLeft<16>(hn::PromoteTo(U(), bits)));
}

HWY_INLINE void store_whole(hn::Vec<F> value, float* at) { hn::StoreU(value, F(), at); }
/// Rounded to the nearest, to even on ties; what is no number stays none.
HWY_INLINE void store_whole(hn::Vec<F> value, Bfloat16* at) {
  const U u;
  const auto bits = hn::BitCast(u, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(u, 0x7FFF))));
  const auto nan = hn::RebindMask(u, hn::IsNaN(value));
  const auto half = hn::IfThenElse(nan, hn::Set(u, 0x7FC0), rounded);
  hn::StoreU(hn::DemoteTo(H(), hn::BitCast(I(), half)), H(), &at->bits);
}

/// The end of a row, which is part of a vector, goes through a buffer: masked loads and stores need aligned
/// rows on older machines, and on some touch what lies behind.
template <class T>
HWY_INLINE hn::Vec<F> load(const T* at, std::size_t count) {
  if (HWY_LIKELY(count >= hn::Lanes(F()))) return load_whole(at);
  T buffer[16] = {};
  std::copy_n(at, std::min<std::size_t>(count, 16), buffer);
  return load_whole(buffer);
}

template <class T>
HWY_INLINE void store(hn::Vec<F> value, T* at, std::size_t count) {
  if (HWY_LIKELY(count >= hn::Lanes(F()))) return store_whole(value, at);
  T buffer[16];
  store_whole(value, buffer);
  std::copy_n(buffer, std::min<std::size_t>(count, 16), at);
}

/// Calls step(i, count) for every vector of a row; `load` and `store` take `count`, which the last vector may
/// cut.
template <class Step>
HWY_INLINE void for_each_vector(std::size_t width, Step step) {
  for (std::size_t i = 0; i < width; i += hn::Lanes(F())) step(i, width - i);
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

HWY_INLINE hn::Mask<F> is_dropped(const RowDropout& dropout, std::size_t first) {
  return hn::RebindMask(F(), hn::Gt(hn::Set(U(), dropout.threshold), hash(dropout.key, first)));
}

/// What is left of a vector that begins at element `first` of its row.
HWY_INLINE hn::Vec<F> after_dropout(const RowDropout& dropout, std::size_t first, hn::Vec<F> x) {
  if (dropout.threshold == 0) return x;
  return hn::IfThenZeroElse(is_dropped(dropout, first), hn::Mul(x, hn::Set(F(), dropout.keep_scale)));
}

}  // namespace
}  // namespace mofi::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
