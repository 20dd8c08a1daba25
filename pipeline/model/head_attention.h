#pragma once
// Relative attention of one head over one sequence, forward and back, in float32 on the CPU; attention.h has
// the formula. Matrices are padded with zeros to multiples of kLanes, so that no kernel meets an end; blocks
// of queries are worked on from scores to result before the next.

#include <cstdint>

#include "model/attention_kernels.h"
#include "model/contraction.h"
#include "model/scratch.h"

namespace mofi {

struct HeadSize {
  std::ptrdiff_t length, width;  ///< words of the sequence, floats of the head

  std::ptrdiff_t rows() const { return padded(length); }
  std::ptrdiff_t columns() const { return padded(width); }
  /// From row to row of a matrix with a column for every word: with some room, and an odd number of cache
  /// lines, so that the elements of a column do not meet in few places of the cache.
  std::ptrdiff_t stride() const { return ((rows() / kLanes + 1) | 1) * kLanes; }
};

/// The relative positions e(n) that heads of up to a size meet, in the two orders in which they are read.
struct RelativeTables {
  /// distance: [2 max_position - 1, width], e(n) in row n + max_position - 1.
  RelativeTables(const float* distance, std::ptrdiff_t max_position, const HeadSize& largest);

  Scratch memory;
  const float* by_distance;  ///< e(n) at by_distance + n · columns
  const float* by_float;     ///< float i of e(l - r) at by_float + i · step + r - l
  std::ptrdiff_t step;
};

/// What dropout does to the rows of a head: that of query l is row first_row + l of all.
struct HeadDropout {
  double probability = 0;
  std::uint64_t seed = 0;
  std::int64_t first_row = 0;
};

/// Filled by the caller for one head after another; what is behind the sequence must be 0.
struct HeadForward {
  explicit HeadForward(const HeadSize& largest);

  Scratch memory;
  float* query;         ///< [rows, columns]
  float* key_T;         ///< [columns, stride]
  float* value;         ///< [rows, columns]
  float* result;        ///< [rows, columns]
  float* scores;        ///< a block of queries, [kQueries, stride]
  float* bias;          ///< one for each of rows: added to the scores of that key, kNoKey behind the sequence
  float* earlier_bias;  ///< [rows], for what `attend` does
};

/// Which keys a query attends to.
enum class Reach {
  kAll,      ///< all words of its sequence
  kEarlier,  ///< itself and those before it
};

/// Gives head.result, and for the way back `probabilities` [length, rows], float or Bfloat16, negative where
/// they were dropped; null: none. Those of later words that are out of reach are left as they were.
template <class T>
void attend(const HeadSize& size, const RelativeTables& tables, Reach reach, const HeadDropout& dropout,
            HeadForward& head, T* probabilities);

struct HeadBackward {
  explicit HeadBackward(const HeadSize& largest);

  Scratch memory;
  float *query, *d_result;           ///< [rows, columns]
  float* key;                        ///< [rows, columns], with some rows of zeros on both sides
  float* value_T;                    ///< [columns, stride]
  float *d_query, *d_key, *d_value;  ///< [rows, columns]
  float *dropped, *d_scores;         ///< a block of queries, [kQueries, stride]
};

/// Gives head.d_query, d_key and d_value from what `attend` was given and gave, and adds that of e(n) at
/// d_distance + n · columns.
template <class T>
void attend_backward(const HeadSize& size, const RelativeTables& tables, Reach reach,
                     double dropout_probability, const T* probabilities, HeadBackward& head,
                     float* d_distance);

}  // namespace mofi
