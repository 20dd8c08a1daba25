#pragma once
// Rows of float32 in cache, between the matrix products of self-attention, by the widest vectors of this
// machine.

#include <cstddef>

#include "model/bfloat16.h"
#include "model/row_dropout.h"

namespace mofi {

/// probabilities = softmax(scale · scores + bias), with the sign turned where dropout takes one away; scores
/// become what is left, scaled up. `size` is a multiple of 16 (kLanes); a bias of kNoKey gives a probability
/// of 0. `probabilities` are for the way back, float or Bfloat16; null where there is none.
template <class T>
void softmax_row(float* scores, const float* bias, float scale, const RowDropout& dropout, std::size_t size,
                 T* probabilities);
inline constexpr float kNoKey = -3.0e38F;

/// The way back. `probabilities` as softmax_row gave them, `gradients` those of what it left in `scores`.
/// Gives that again in `dropped`, and turns `gradients` into those of the unscaled scores.
template <class T>
void softmax_row_backward(const T* probabilities, float scale, float keep_scale, std::size_t size,
                          float* gradients, float* dropped);

}  // namespace mofi
