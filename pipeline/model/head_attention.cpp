#include "model/head_attention.h"

#include <cmath>

#include "model/row_dropout.h"

namespace mofi {
namespace {

// Scores of so many queries, and what is multiplied with them, stay in the second cache; so many steps of a
// sum, in the first.
constexpr std::ptrdiff_t kQueries = 64;
constexpr std::ptrdiff_t kSteps = 64;

constexpr std::ptrdiff_t kMargin = 4;  // tiles of distances reach less than this over a sequence's ends

float scale_of(const HeadSize& size) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(size.width)));
}

std::ptrdiff_t distances(const HeadSize& largest) { return 2 * largest.rows(); }

/// As HeadSize::stride, for a column for every distance.
std::ptrdiff_t distance_stride(const HeadSize& largest) {
  return ((distances(largest) / kLanes + 1) | 1) * kLanes;
}

/// A block of queries: their first, and how many of them there are, padded.
template <class Step>
void for_each_block(const HeadSize& size, Step step) {
  for (std::ptrdiff_t first = 0; first < size.rows(); first += kQueries)
    step(first, std::min(kQueries, size.rows() - first));
}

/// The keys that some query of a block attends to, padded.
std::ptrdiff_t keys_of(const HeadSize& size, Reach reach, std::ptrdiff_t first, std::ptrdiff_t count) {
  return reach == Reach::kAll ? size.rows() : first + count;
}

/// result [rows, columns] = a·b over the first `keys`, in steps that stay in the first cache.
template <class Contract>
void sum_over_keys(std::ptrdiff_t keys, Contract contract) {
  for (std::ptrdiff_t r = 0; r < keys; r += kSteps) contract(r, std::min(kSteps, keys - r), r > 0);
}

/// Adds Σ_l d_scores(l, l - n) · (query(l) + key(l - n)) for every distance n of a block of queries to the
/// keys. Four distances at a time; over a sequence's ends d_scores are 0.
void add_d_distance(const HeadSize& size, std::ptrdiff_t first, std::ptrdiff_t count,
                    const HeadBackward& head, float* d_distance) {
  const std::ptrdiff_t columns = size.columns(), stride = size.stride();
  for (std::ptrdiff_t n = first - size.rows(); n < first + count; n += 4) {
    const std::ptrdiff_t from = std::max(first, n), to = std::min(first + count, n + size.rows() + 4);
    if (from >= to) continue;
    const Operand d_scores = {head.d_scores + (from - first) * stride + from - n, -1, stride + 1};
    contract_by_distance({4, to - from, columns}, d_scores, {head.query + from * columns, 0, columns},
                         head.key + (from - n) * columns, -columns, d_distance + n * columns, columns, true);
  }
}

}  // namespace

RelativeTables::RelativeTables(const float* distance, std::ptrdiff_t max_position, const HeadSize& largest)
    : memory(distances(largest) * largest.columns() + largest.columns() * distance_stride(largest)),
      step(distance_stride(largest)) {
  const std::ptrdiff_t columns = largest.columns(), rows = largest.rows();
  float* rows_of_distances = memory.take(distances(largest) * columns) + rows * columns;
  float* rows_of_floats = memory.take(columns * step) + rows;
  const std::ptrdiff_t reach = std::min(rows, max_position) - 1;
  for (std::ptrdiff_t n = -reach; n <= reach; ++n)
    for (std::ptrdiff_t i = 0; i < largest.width; ++i) {
      const float e = distance[(n + max_position - 1) * largest.width + i];
      rows_of_distances[n * columns + i] = e;
      rows_of_floats[i * step - n] = e;
    }
  by_distance = rows_of_distances;
  by_float = rows_of_floats;
}

HeadForward::HeadForward(const HeadSize& largest)
    : memory(3 * largest.rows() * largest.columns() + (largest.columns() + kQueries) * largest.stride() +
             2 * largest.rows()),
      query(memory.take(largest.rows() * largest.columns())),
      key_T(memory.take(largest.columns() * largest.stride())),
      value(memory.take(largest.rows() * largest.columns())),
      result(memory.take(largest.rows() * largest.columns())),
      scores(memory.take(kQueries * largest.stride())),
      bias(memory.take(largest.rows())),
      earlier_bias(memory.take(largest.rows())) {}

template <class T>
void attend(const HeadSize& size, const RelativeTables& tables, Reach reach, const HeadDropout& dropout,
            HeadForward& head, T* probabilities) {
  const std::ptrdiff_t columns = size.columns(), rows = size.rows(), stride = size.stride();
  if (reach == Reach::kEarlier) std::fill_n(head.earlier_bias, rows, kNoKey);
  for_each_block(size, [&](std::ptrdiff_t first, std::ptrdiff_t count) {
    const std::ptrdiff_t keys = keys_of(size, reach, first, count);
    contract_with_relation({count, columns, keys}, {head.query + first * columns, columns, 1},
                           {head.key_T, 0, stride}, {tables.by_float - first, -1, tables.step}, head.scores,
                           stride);
    for (std::ptrdiff_t l = first; l < std::min(first + count, size.length); ++l) {
      head.earlier_bias[l] = head.bias[l];  // from here on query l's key is in reach
      softmax_row(head.scores + (l - first) * stride, reach == Reach::kAll ? head.bias : head.earlier_bias,
                  scale_of(size), dropout_of_row(dropout.probability, dropout.seed, dropout.first_row + l),
                  static_cast<std::size_t>(keys),
                  probabilities != nullptr ? probabilities + l * rows : nullptr);
    }
    sum_over_keys(keys, [&](std::ptrdiff_t r, std::ptrdiff_t steps, bool adds) {
      contract({count, steps, columns}, {head.scores + r, stride, 1}, {head.value + r * columns, 0, columns},
               head.result + first * columns, columns, adds);
    });
  });
}

HeadBackward::HeadBackward(const HeadSize& largest)
    : memory(6 * largest.rows() * largest.columns() + 2 * kMargin * largest.columns() +
             (largest.columns() + 2 * kQueries + 2) * largest.stride()),
      query(memory.take(largest.rows() * largest.columns())),
      d_result(memory.take(largest.rows() * largest.columns())),
      key(memory.take((largest.rows() + 2 * kMargin) * largest.columns()) + kMargin * largest.columns()),
      value_T(memory.take(largest.columns() * largest.stride())),
      d_query(memory.take(largest.rows() * largest.columns())),
      d_key(memory.take(largest.rows() * largest.columns())),
      d_value(memory.take(largest.rows() * largest.columns())),
      dropped(memory.take(kQueries * largest.stride())),
      // Before the first row and behind the last there is as much room as between two.
      d_scores(memory.take((kQueries + 2) * largest.stride()) + largest.stride()) {}

template <class T>
void attend_backward(const HeadSize& size, const RelativeTables& tables, Reach reach,
                     double dropout_probability, const T* probabilities, HeadBackward& head,
                     float* d_distance) {
  const std::ptrdiff_t columns = size.columns(), rows = size.rows(), stride = size.stride();
  const float keep_scale = static_cast<float>(1 / (1 - dropout_probability));
  // What a longer sequence may have left where distances reach over the ends of this one.
  std::fill_n(head.key + rows * columns, kMargin * columns, 0.0F);
  std::fill_n(head.d_scores - kMargin, kMargin, 0.0F);
  for_each_block(size, [&](std::ptrdiff_t first, std::ptrdiff_t count) {
    const float *query = head.query + first * columns, *d_result = head.d_result + first * columns;
    const std::ptrdiff_t keys = keys_of(size, reach, first, count);
    contract({count, columns, keys}, {d_result, columns, 1}, {head.value_T, 0, stride}, head.d_scores, stride,
             false);
    for (std::ptrdiff_t l = first; l < first + count; ++l) {
      float *d_scores = head.d_scores + (l - first) * stride, *dropped = head.dropped + (l - first) * stride;
      if (l < size.length) {
        softmax_row_backward(probabilities + l * rows, scale_of(size), keep_scale,
                             static_cast<std::size_t>(keys), d_scores, dropped);
      } else {
        std::fill_n(d_scores, keys, 0.0F);
        std::fill_n(dropped, keys, 0.0F);
      }
      std::fill_n(d_scores + keys, stride - keys, 0.0F);
      std::fill_n(dropped + keys, rows - keys, 0.0F);
    }
    contract({rows, count, columns}, {head.dropped, 1, stride}, {d_result, 0, columns}, head.d_value, columns,
             first > 0);
    contract_by_distance({rows, count, columns}, {head.d_scores, 1, stride}, {query, 0, columns},
                         tables.by_distance + first * columns, -columns, head.d_key, columns, first > 0);
    sum_over_keys(keys, [&](std::ptrdiff_t r, std::ptrdiff_t steps, bool adds) {
      contract_by_distance({count, steps, columns}, {head.d_scores + r, stride, 1},
                           {head.key + r * columns, 0, columns}, tables.by_distance + (first - r) * columns,
                           columns, head.d_query + first * columns, columns, adds);
    });
    add_d_distance(size, first, count, head, d_distance);
  });
}

template void attend(const HeadSize&, const RelativeTables&, Reach, const HeadDropout&, HeadForward&, float*);
template void attend(const HeadSize&, const RelativeTables&, Reach, const HeadDropout&, HeadForward&,
                     Bfloat16*);
template void attend_backward(const HeadSize&, const RelativeTables&, Reach, double, const float*,
                              HeadBackward&, float*);
template void attend_backward(const HeadSize&, const RelativeTables&, Reach, double, const Bfloat16*,
                              HeadBackward&, float*);

}  // namespace mofi
