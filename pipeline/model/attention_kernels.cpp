#include "model/attention_kernels.h"

#include <limits>

// Highway compiles what follows once for every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/attention_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h, as they want.
#include <hwy/contrib/math/math-inl.h>

#include "model/row_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mofi::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE void softmax_row_of(float* scores, const float* bias, float scale, const RowDropout& dropout,
                               std::size_t size, T* probabilities) {
  const F f;
  const std::size_t lanes = hn::Lanes(f);
  const auto scales = hn::Set(f, scale), no_key = hn::Set(f, kNoKey);
  auto most = hn::Set(f, std::numeric_limits<float>::lowest());
  for (std::size_t i = 0; i < size; i += lanes) {
    const auto added = hn::LoadU(f, bias + i);
    const auto x =
        hn::IfThenElse(hn::Le(added, no_key), no_key, hn::MulAdd(hn::LoadU(f, scores + i), scales, added));
    hn::StoreU(x, f, scores + i);
    most = hn::Max(most, x);
  }
  const auto top = hn::MaxOfLanes(f, most);
  auto sums = hn::Zero(f);
  for (std::size_t i = 0; i < size; i += lanes) {
    const auto x = hn::Sub(hn::LoadU(f, scores + i), top);
    const auto e = hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(f, x));  // which would make 0 of what is no number
    hn::StoreU(e, f, scores + i);
    sums = hn::Add(sums, e);
  }
  const auto inverse = hn::Div(hn::Set(f, 1.0F), hn::SumOfLanes(f, sums));
  if (dropout.threshold == 0) {
    for (std::size_t i = 0; i < size; i += lanes) {
      const auto p = hn::Mul(hn::LoadU(f, scores + i), inverse);
      hn::StoreU(p, f, scores + i);
      if (probabilities != nullptr) store_whole(p, probabilities + i);
    }
    return;
  }
  const auto keep_scale = hn::Set(f, dropout.keep_scale);
  for (std::size_t i = 0; i < size; i += lanes) {
    const auto p = hn::Mul(hn::LoadU(f, scores + i), inverse);
    const auto dropped = is_dropped(dropout, i);
    if (probabilities != nullptr) store_whole(hn::IfThenElse(dropped, hn::Neg(p), p), probabilities + i);
    hn::StoreU(hn::IfThenZeroElse(dropped, hn::Mul(p, keep_scale)), f, scores + i);
  }
}

template <class T>
HWY_INLINE void softmax_row_backward_of(const T* probabilities, float scale, float keep_scale,
                                        std::size_t size, float* gradients, float* dropped) {
  const F f;
  const std::size_t lanes = hn::Lanes(f);
  const auto keep = hn::Set(f, keep_scale);
  auto dots = hn::Zero(f);
  for (std::size_t i = 0; i < size; i += lanes) {
    const auto p = load_whole(probabilities + i);
    const auto kept = hn::IfThenZeroElse(hn::Lt(p, hn::Zero(f)), hn::Mul(p, keep));
    hn::StoreU(kept, f, dropped + i);
    dots = hn::MulAdd(kept, hn::LoadU(f, gradients + i), dots);
  }
  const auto dot = hn::SumOfLanes(f, dots);
  const auto scales = hn::Set(f, scale);
  for (std::size_t i = 0; i < size; i += lanes) {
    // p · (factor · d - dot) = dropped · d - p · dot
    const auto p = hn::Abs(load_whole(probabilities + i));
    const auto inner = hn::NegMulAdd(p, dot, hn::Mul(hn::LoadU(f, dropped + i), hn::LoadU(f, gradients + i)));
    hn::StoreU(hn::Mul(inner, scales), f, gradients + i);
  }
}

// Highway exports plain functions: one for each type.

void softmax_row_float(float* scores, const float* bias, float scale, const RowDropout& dropout,
                       std::size_t size, float* probabilities) {
  softmax_row_of(scores, bias, scale, dropout, size, probabilities);
}
void softmax_row_bfloat16(float* scores, const float* bias, float scale, const RowDropout& dropout,
                          std::size_t size, Bfloat16* probabilities) {
  softmax_row_of(scores, bias, scale, dropout, size, probabilities);
}
void softmax_row_backward_float(const float* probabilities, float scale, float keep_scale, std::size_t size,
                                float* gradients, float* dropped) {
  softmax_row_backward_of(probabilities, scale, keep_scale, size, gradients, dropped);
}
void softmax_row_backward_bfloat16(const Bfloat16* probabilities, float scale, float keep_scale,
                                   std::size_t size, float* gradients, float* dropped) {
  softmax_row_backward_of(probabilities, scale, keep_scale, size, gradients, dropped);
}

}  // namespace
}  // namespace mofi::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mofi {

HWY_EXPORT(softmax_row_float);
HWY_EXPORT(softmax_row_bfloat16);
HWY_EXPORT(softmax_row_backward_float);
HWY_EXPORT(softmax_row_backward_bfloat16);

template <>
void softmax_row(float* scores, const float* bias, float scale, const RowDropout& dropout, std::size_t size,
                 float* probabilities) {
  HWY_DYNAMIC_DISPATCH(softmax_row_float)(scores, bias, scale, dropout, size, probabilities);
}
template <>
void softmax_row(float* scores, const float* bias, float scale, const RowDropout& dropout, std::size_t size,
                 Bfloat16* probabilities) {
  HWY_DYNAMIC_DISPATCH(softmax_row_bfloat16)(scores, bias, scale, dropout, size, probabilities);
}

template <>
void softmax_row_backward(const float* probabilities, float scale, float keep_scale, std::size_t size,
                          float* gradients, float* dropped) {
  HWY_DYNAMIC_DISPATCH(softmax_row_backward_float)
  (probabilities, scale, keep_scale, size, gradients, dropped);
}
template <>
void softmax_row_backward(const Bfloat16* probabilities, float scale, float keep_scale, std::size_t size,
                          float* gradients, float* dropped) {
  HWY_DYNAMIC_DISPATCH(softmax_row_backward_bfloat16)
  (probabilities, scale, keep_scale, size, gradients, dropped);
}

}  // namespace mofi
#endif  // HWY_ONCE
