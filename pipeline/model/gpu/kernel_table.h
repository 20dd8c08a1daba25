#pragma once
// What the GPU plug-in offers to the model: kernels as plain functions of plain arguments, for float32 and
// bfloat16. Pointers are to memory of the device that is given last; a kernel is put on the stream that
// LibTorch uses there, and nothing waits for it.

#include "model/gpu/dropout_hash.h"

namespace mofi {

/// gelu(x + bias) of [rows, width]; width a multiple of 4.
template <class T>
struct BiasGelu {
  const T* x;
  const float* bias;
  std::int64_t rows, width;
  T* out;
};

/// The way back, and gelu(x + bias) once more. d_x may stand where d_out stands.
template <class T>
struct BiasGeluBackward {
  const T* x;
  const float* bias;
  std::int64_t rows, width;
  const T* d_out;
  T *d_x, *out;
  float* parts;   ///< [row_parts(rows), width], room for sums
  float* d_bias;  ///< [width]
};

/// sum = dropout(x + bias) + residual; out = LayerNorm(sum); of [rows, width].
template <class T>
struct ResidualNormForward {
  const T* x;
  const float *bias, *residual, *norm_weight, *norm_bias;
  float epsilon;
  std::int64_t rows, width;
  DeviceDropout dropout;
  float *sum, *out;
  T* rounded;      ///< out as T; null for none
  float* moments;  ///< [rows, 2]: mean, inverse deviation
};

template <class T>
struct ResidualNormBackward {
  const float *sum, *moments, *norm_weight;
  std::int64_t rows, width;
  DeviceDropout dropout;
  const float* d_out;
  const T* d_rounded;  ///< null for none
  T* d_x;
  float* d_residual;
  float* parts;  ///< [row_parts(rows), 3 · width], room for sums
  float* sums;   ///< [3, width]: gradients of bias, norm_weight, norm_bias
};

/// Relative attention (attention.h) over sequences packed end to end. query, key, value: [rows, heads ·
/// width].
template <class T>
struct AttentionForward {
  const T *query, *key, *value;
  const T* distance;           ///< [2 max_position - 1, width]
  const float* bias;           ///< [rows], added to scores of that key; null for none
  const std::int64_t* starts;  ///< [sequences + 1], on the device
  std::int64_t sequences, rows;
  int heads, width, max_position;
  float scale;
  DeviceDropout dropout;  ///< row l of head h of sequence s is row (s · heads + h) · max_position + l
  T* result;              ///< [rows, heads · width]; 0 in rows of no sequence
  float* log_sums;        ///< [heads, rows]: log Σ exp of a query's scores
};

template <class T>
struct AttentionBackward {
  AttentionForward<T> forward;  ///< as it was given and has given
  const T* d_result;
  float* deltas;  ///< [heads, rows], room for d_result · result
  T *d_query, *d_key, *d_value;
  float* parts;       ///< [distance_part_floats(max_position, width)], room for sums
  float* d_distance;  ///< [2 max_position - 1, width]
};

template <class T>
struct KernelsOfType {
  void (*bias_gelu)(const BiasGelu<T>&, int device);
  void (*bias_gelu_backward)(const BiasGeluBackward<T>&, int device);
  void (*residual_norm)(const ResidualNormForward<T>&, int device);
  void (*residual_norm_backward)(const ResidualNormBackward<T>&, int device);
  void (*attention)(const AttentionForward<T>&, int device);
  void (*attention_backward)(const AttentionBackward<T>&, int device);
};

struct KernelTable {
  KernelsOfType<float> of_float;
  KernelsOfType<Bfloat16> of_bfloat16;

  template <class T>
  const KernelsOfType<T>& of() const {
    if constexpr (sizeof(T) == 4)
      return of_float;
    else
      return of_bfloat16;
  }
};

/// The operator of LibTorch's dispatcher through which the opened plug-in hands over its table, as an
/// integer: a place that the plug-in and the model both know without knowing each other.
inline constexpr const char* kKernelTableOperator = "mofi::cuda_kernel_table";

}  // namespace mofi
