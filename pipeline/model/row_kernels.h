#pragma once
// What a Transformer layer does to every word between its matrix products, a row in one pass or two, by the
// widest vectors of this machine (Highway, chosen at run time). Rows may have any width. T is float or
// Bfloat16: the type of what goes into and comes out of products; everything is computed in float32.

#include <cstddef>

#include "model/bfloat16.h"
#include "model/row_dropout.h"

namespace mofi {

/// out[i] = in[i] · keep_scale where element i is kept, else 0. In place is allowed.
void drop_row(const float* in, const RowDropout& dropout, std::size_t width, float* out);

/// out = gelu(x + bias), with the exact Gaussian distribution function (to 2e-7).
template <class T>
void bias_gelu_row(const T* x, const float* bias, std::size_t width, T* out);

/// The way back: d_x, what is added to d_bias, and `out` once more, which nobody needs to have kept. d_x may
/// stand where d_out stood.
template <class T>
void bias_gelu_row_backward(const T* x, const float* bias, const T* d_out, std::size_t width, T* d_x,
                            float* d_bias, T* out);

/// Scale and shift of LayerNorm.
struct NormWeights {
  const float *weight, *bias;
  float epsilon;
};

/// What LayerNorm found in a row.
struct RowMoments {
  float mean, inverse_deviation;
};

/// sum = dropout(x + bias) + residual; out = LayerNorm(sum), and the same as T in `rounded` unless that is
/// null.
template <class T>
RowMoments residual_norm_row(const T* x, const float* bias, const RowDropout& dropout, const float* residual,
                             const NormWeights& norm, std::size_t width, float* sum, float* out, T* rounded);

/// What gradients of the weights are added to.
struct NormGradients {
  float *d_bias, *d_norm_weight, *d_norm_bias;
};

/// The way back from d_out, and d_rounded unless that is null.
template <class T>
void residual_norm_row_backward(const float* sum, const RowMoments& moments, const RowDropout& dropout,
                                const NormWeights& norm, const float* d_out, const T* d_rounded,
                                std::size_t width, T* d_x, float* d_residual, const NormGradients& gradients);

}  // namespace mofi
