#pragma once
// Bodies of the kernels for relative attention (attention.h has the formula, attention_tiles.h the tiles).
// Scores stay on chip: the way back computes them again, three times, once for each of what is summed: over
// keys (d_query), over queries (d_key, d_value), over diagonals (d_distance). So no sum needs atomics, and
// only those over diagonals need room.

#include "model/gpu/attention_tiles.h"
#include "model/gpu/fragments.h"

namespace mofi {

// --- Memory that a block shares

/// Rows are 16 bytes longer than they need be, so that lanes that read down a column meet different banks.
template <class T, int kWidth>
struct TileMemory {
  static constexpr int kPad = 16 / static_cast<int>(sizeof(T));
  static constexpr int kStride = kWidth + kPad;          ///< of tiles [64, width] and the band [128, width]
  static constexpr int kStageStride = kWarpBand + kPad;  ///< of what goes into a product again, [64, 80]
  static constexpr int kProductStride = kWarpBand + 4;   ///< of products with the band, float [64, 80]
  static constexpr int kTurnedStride = kTile + kPad;     ///< of the band's lines by rows, [128, 64]
  static constexpr int kTileBytes = kTile * kStride * static_cast<int>(sizeof(T));
  static constexpr int kBandBytes = kBand * kStride * static_cast<int>(sizeof(T));
  static constexpr int kStageBytes = kTile * kStageStride * static_cast<int>(sizeof(T));
  static constexpr int kProductBytes = kTile * kProductStride * static_cast<int>(sizeof(float));
  static constexpr int kTurnedBytes = kBand * kTurnedStride * static_cast<int>(sizeof(T));
  static constexpr int kColumnBytes = kTile * 4 * static_cast<int>(sizeof(float));

  static constexpr int kForward = 3 * kTileBytes + kBandBytes + kProductBytes + kStageBytes;
  static constexpr int kBackward = 4 * kTileBytes + kBandBytes + kProductBytes + kStageBytes + kColumnBytes;
  static constexpr int kDistance = 4 * kTileBytes + kBandBytes + kProductBytes + kTurnedBytes + kColumnBytes;
};

/// Pieces of shared memory, one behind another.
struct Carver {
  char* at;
  template <class T>
  MOFI_DEVICE T* take(int bytes) {
    char* piece = at;
    at += bytes;
    return reinterpret_cast<T*>(piece);
  }
};

/// Rows [first, first + 64) of a sequence of so many words, as a tile; what is behind the sequence is 0.
template <int kWidth, class T, class Lanes>
MOFI_DEVICE void load_tile(Lanes& lanes, const T* of_sequence, std::int64_t row_stride, std::int64_t first,
                           std::int64_t length, T* tile) {
  constexpr int kCount = 16 / static_cast<int>(sizeof(T)), kGroups = kWidth / kCount;
  for (int g = lanes.thread(); g < kTile * kGroups; g += kTileThreads) {
    const int row = g / kGroups, column = g % kGroups * kCount;
    Group<T, kCount> group = {};
    if (first + row < length) group = load_group<kCount>(of_sequence + (first + row) * row_stride + column);
    store_group<kCount>(group, tile + row * TileMemory<T, kWidth>::kStride + column);
  }
}

/// The relative positions of a tile's rows to its columns, e(row - column), or e(column - row) of rows that
/// are keys; 0 where no words of the sequence are so far apart.
template <int kWidth, bool kRowsAreKeys, class T, class Lanes>
MOFI_DEVICE void load_band(Lanes& lanes, const AttentionForward<T>& a, std::int64_t first_row,
                           std::int64_t first_column, std::int64_t length, T* band) {
  constexpr int kCount = 16 / static_cast<int>(sizeof(T)), kGroups = kWidth / kCount;
  for (int g = lanes.thread(); g < kBand * kGroups; g += kTileThreads) {
    const int line = g / kGroups, column = g % kGroups * kCount;
    const std::int64_t apart = band_offset(first_row, first_column, line);
    Group<T, kCount> group = {};
    if (line < kBand - 1 && -length < apart && apart < length)
      group = load_group<kCount>(a.distance +
                                 ((kRowsAreKeys ? -apart : apart) + a.max_position - 1) * kWidth + column);
    store_group<kCount>(group, band + line * TileMemory<T, kWidth>::kStride + column);
  }
}

// --- Scores of a tile

/// The product of 16 rows with 80 lines of the band, at `to`.
template <class T, int kWidth, class Lanes>
MOFI_DEVICE void multiply_band(Lanes& lanes, const T* rows, const T* lines, float* to) {
  using Memory = TileMemory<T, kWidth>;
  const int lane = lanes.thread() % kLanesOfWarp;
  const RowsOfA<T, kWidth> a(lanes, rows, Memory::kStride);
  MOFI_UNROLL
  for (int n = 0; n < kWarpBand / 8; n += 2) {
    float c[2][4] = {};
    multiply_rows<2>(lanes, a, lines + 8 * n * Memory::kStride, Memory::kStride, c);
    MOFI_UNROLL
    for (int i = 0; i < 2; ++i)
      for (int e = 0; e < 4; ++e)
        to[fragment_row(lane, e) * Memory::kProductStride + 8 * (n + i) + fragment_column(lane, e)] = c[i][e];
  }
}

/// x·y + x·e + y·e of a warp's 16 rows x and the 64 columns y. `products` is the block's, [64, 80]; it may be
/// written again once the block has met at a barrier.
template <class T, int kWidth, class Lanes>
MOFI_DEVICE void score_tile(Lanes& lanes, const T* x, const T* y, const T* band, float* products,
                            float (&scores)[8][4]) {
  using Memory = TileMemory<T, kWidth>;
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  const T* own_x = x + kRowsOfWarp * warp * Memory::kStride;
  float* own = products + kRowsOfWarp * warp * Memory::kProductStride;
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e) scores[n][e] = 0;
  multiply_rows<8>(lanes, RowsOfA<T, kWidth>(lanes, own_x, Memory::kStride), y, Memory::kStride, scores);

  multiply_band<T, kWidth>(lanes, own_x, band + first_line_of_rows(warp) * Memory::kStride, own);
  lanes.sync_warp();
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e) {
      const int row = fragment_row(lane, e), column = 8 * n + fragment_column(lane, e);
      scores[n][e] += own[row * Memory::kProductStride + line_of_row(row, column)];
    }
  lanes.sync_warp();

  multiply_band<T, kWidth>(lanes, y + kRowsOfWarp * warp * Memory::kStride,
                           band + first_line_of_columns(warp) * Memory::kStride, own);
  lanes.sync();
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e) {
      const int row = kRowsOfWarp * warp + fragment_row(lane, e), column = 8 * n + fragment_column(lane, e);
      scores[n][e] += products[column * Memory::kProductStride + line_of_column(row, column % kRowsOfWarp)];
    }
}

/// A fragment of 16 × 64 as rows for a product.
template <class T, int kStride, class Lanes>
MOFI_DEVICE void stage(Lanes& lanes, const float (&values)[8][4], T* rows) {
  const int lane = lanes.thread() % kLanesOfWarp;
  lanes.sync_warp();  // what was there has been read
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; e += 2) {
      const Group<T, 2> pair = {rounded<T>(values[n][e]), rounded<T>(values[n][e + 1])};
      store_group<2>(pair, rows + fragment_row(lane, e) * kStride + 8 * n + fragment_column(lane, e));
    }
  lanes.sync_warp();
}

/// The same, each at the line of the band in which its row and column meet; 0 elsewhere.
template <class T, int kStride, class Lanes>
MOFI_DEVICE void stage_skewed(Lanes& lanes, const float (&values)[8][4], T* rows) {
  constexpr int kCount = 16 / static_cast<int>(sizeof(T));
  static_assert(kRowsOfWarp * kStride % kCount == 0);
  const int lane = lanes.thread() % kLanesOfWarp;
  lanes.sync_warp();
  for (int g = lane; g < kRowsOfWarp * kStride / kCount; g += kLanesOfWarp)
    store_group<kCount>(Group<T, kCount>{}, rows + g * kCount);
  lanes.sync_warp();
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e) {
      const int row = fragment_row(lane, e), column = 8 * n + fragment_column(lane, e);
      rows[row * kStride + line_of_row(row, column)] = rounded<T>(values[n][e]);
    }
  lanes.sync_warp();
}

/// 16 rows of a result, the warp's, to those rows of a sequence that are there.
template <int kColumns, class T, class Lanes>
MOFI_DEVICE void store_rows(Lanes& lanes, const float (&values)[kColumns][4], std::int64_t first,
                            std::int64_t length, std::int64_t row_stride, T* of_sequence) {
  const int lane = lanes.thread() % kLanesOfWarp;
  MOFI_UNROLL
  for (int e = 0; e < 4; e += 2) {
    const std::int64_t row = first + fragment_row(lane, e);
    if (row >= length) continue;
    MOFI_UNROLL
    for (int n = 0; n < kColumns; ++n)
      store_group<2>(Group<T, 2>{rounded<T>(values[n][e]), rounded<T>(values[n][e + 1])},
                     of_sequence + row * row_stride + 8 * n + fragment_column(lane, e));
  }
}

/// Zeros to the rows of a tile that belong to no sequence.
template <int kWidth, class T, class Lanes>
MOFI_DEVICE void clear_tile(Lanes& lanes, const TilePlace& place, std::int64_t row_stride, T* of_place) {
  for (int i = lanes.thread(); i < kTile * kWidth; i += kTileThreads)
    if (place.first + i / kWidth < place.length)
      of_place[(place.first + i / kWidth) * row_stride + i % kWidth] = rounded<T>(0);
}

/// The row of the dropout in which a head has query 0 of a sequence.
template <class T>
MOFI_HOST_DEVICE std::int64_t first_dropout_row(const AttentionForward<T>& a, std::int64_t sequence,
                                                int head) {
  return (sequence * a.heads + head) * a.max_position;
}

// --- Forward

template <class T>
Grid grid_of(const AttentionForward<T>& a) {
  return {static_cast<int>(tile_count(a.rows, a.sequences)), a.heads, kTileThreads,
          a.width == 64 ? TileMemory<T, 64>::kForward : TileMemory<T, 32>::kForward};
}

/// A tile of queries of one head with all keys of the sequence.
template <class T, int kWidth, class Lanes>
MOFI_DEVICE void attend(Lanes& lanes, const AttentionForward<T>& a) {
  using Memory = TileMemory<T, kWidth>;
  const TilePlace place = tile_place(a.starts, a.sequences, a.rows, lanes.block_x());
  if (!place.is_there()) return;
  const int head = lanes.block_y(), lane = lanes.thread() % kLanesOfWarp,
            warp = lanes.thread() / kLanesOfWarp;
  const std::int64_t row_stride = static_cast<std::int64_t>(a.heads) * kWidth,
                     at = place.start * row_stride + head * kWidth;
  if (place.sequence == a.sequences) {
    clear_tile<kWidth>(lanes, place, row_stride, a.result + at);
    return;
  }
  Carver carver = {static_cast<char*>(lanes.shared())};
  T *query = carver.template take<T>(Memory::kTileBytes), *key = carver.template take<T>(Memory::kTileBytes),
    *value = carver.template take<T>(Memory::kTileBytes), *band = carver.template take<T>(Memory::kBandBytes);
  auto* products = carver.template take<float>(Memory::kProductBytes);
  T* own_stage = carver.template take<T>(Memory::kStageBytes) + kRowsOfWarp * warp * Memory::kStageStride;

  // A lane has elements of two rows.
  const std::int64_t first = place.first + kRowsOfWarp * warp;
  RunningSoftmax softmax[2];
  std::uint32_t keys[2];
  for (int i = 0; i < 2; ++i)
    keys[i] = dropout_key(a.dropout,
                          first_dropout_row(a, place.sequence, head) + first + fragment_row(lane, 2 * i));
  float result[kWidth / 8][4] = {};

  load_tile<kWidth>(lanes, a.query + at, row_stride, place.first, place.length, query);
  for (std::int64_t first_key = 0; first_key < place.length; first_key += kTile) {
    lanes.sync();
    load_tile<kWidth>(lanes, a.key + at, row_stride, first_key, place.length, key);
    load_tile<kWidth>(lanes, a.value + at, row_stride, first_key, place.length, value);
    load_band<kWidth, false>(lanes, a, place.first, first_key, place.length, band);
    lanes.sync();
    float scores[8][4];
    score_tile<T, kWidth>(lanes, query, key, band, products, scores);

    float most[2] = {-INFINITY, -INFINITY};
    MOFI_UNROLL
    for (int n = 0; n < 8; ++n)
      for (int e = 0; e < 4; ++e) {
        const std::int64_t r = first_key + 8 * n + fragment_column(lane, e);
        const float bias = a.bias != nullptr && r < place.length ? a.bias[place.start + r] : 0;
        scores[n][e] = r < place.length ? scores[n][e] * a.scale + bias : -INFINITY;
        most[e / 2] = fmaxf(most[e / 2], scores[n][e]);
      }
    float factors[2];
    MOFI_UNROLL
    for (int i = 0; i < 2; ++i) {  // a row's four lanes are neighbours
      most[i] = fmaxf(most[i], lanes.from_lane_xor(most[i], 1));
      most[i] = fmaxf(most[i], lanes.from_lane_xor(most[i], 2));
      factors[i] = softmax[i].raise(most[i]);
    }
    float sums[2] = {};
    MOFI_UNROLL
    for (int n = 0; n < 8; ++n)
      for (int e = 0; e < 4; ++e) {
        const std::int64_t r = first_key + 8 * n + fragment_column(lane, e);
        const float p = exponential(scores[n][e] - softmax[e / 2].most);
        sums[e / 2] += p;
        scores[n][e] = a.dropout.threshold > 0 && !is_kept(a.dropout, keys[e / 2], r) ? 0 : p;
      }
    MOFI_UNROLL
    for (int i = 0; i < 2; ++i) {
      sums[i] += lanes.from_lane_xor(sums[i], 1);
      sums[i] += lanes.from_lane_xor(sums[i], 2);
      softmax[i].sum += sums[i];
    }
    MOFI_UNROLL
    for (int n = 0; n < kWidth / 8; ++n)
      for (int e = 0; e < 4; ++e) result[n][e] *= factors[e / 2];
    stage<T, Memory::kStageStride>(lanes, scores, own_stage);
    multiply_columns(lanes, RowsOfA<T, kTile>(lanes, own_stage, Memory::kStageStride), value, Memory::kStride,
                     result);
  }
  MOFI_UNROLL
  for (int n = 0; n < kWidth / 8; ++n)
    for (int e = 0; e < 4; ++e) result[n][e] *= a.dropout.keep_scale / softmax[e / 2].sum;
  store_rows(lanes, result, first, place.length, row_stride, a.result + at);
  if (lane % 4 == 0)
    for (int i = 0; i < 2; ++i) {
      const std::int64_t l = first + fragment_row(lane, 2 * i);
      if (l < place.length) a.log_sums[head * a.rows + place.start + l] = softmax[i].log_sum();
    }
}

// --- Back

/// deltas = d_result · result, by row and head: what the softmax's way back takes off every gradient of a
/// row.
template <class T>
struct RowDeltas {
  AttentionBackward<T> call;
};
template <class T>
Grid grid_of(const RowDeltas<T>& a) {
  const std::int64_t count = a.call.forward.rows * a.call.forward.heads;
  return {static_cast<int>((count + kTileThreads - 1) / kTileThreads), 1, kTileThreads, 0};
}
template <class T, int kWidth, class Lanes>
MOFI_DEVICE void row_deltas(Lanes& lanes, const RowDeltas<T>& a) {
  constexpr int kCount = 16 / static_cast<int>(sizeof(T));
  const AttentionForward<T>& forward = a.call.forward;
  const std::int64_t i = static_cast<std::int64_t>(lanes.block_x()) * kTileThreads + lanes.thread();
  if (i >= forward.rows * forward.heads) return;
  float sum = 0;
  MOFI_UNROLL
  for (int column = 0; column < kWidth; column += kCount) {
    const auto d = load_group<kCount>(a.call.d_result + i * kWidth + column);
    const auto y = load_group<kCount>(static_cast<const T*>(forward.result) + i * kWidth + column);
    MOFI_UNROLL
    for (int e = 0; e < kCount; ++e) sum += float_of(d.at[e]) * float_of(y.at[e]);
  }
  a.call.deltas[i % forward.heads * forward.rows + i / forward.heads] = sum;
}

/// What a query brings to the gradients of its scores.
struct QueryNumbers {
  float log_sum, delta;
  std::uint32_t dropout_key;
};
template <class T>
MOFI_DEVICE QueryNumbers query_numbers(const AttentionBackward<T>& a, std::int64_t sequence,
                                       std::int64_t start, std::int64_t length, int head, std::int64_t l) {
  if (l >= length) return {0, 0, 0};
  const std::int64_t at = head * a.forward.rows + start + l;
  return {a.forward.log_sums[at], a.deltas[at],
          dropout_key(a.forward.dropout, first_dropout_row(a.forward, sequence, head) + l)};
}

/// The gradient of a score before scaling, and the probability after dropout.
struct ScoreGradient {
  float d_score, dropped;
};
/// d_dropped: that of the probability after dropout.
MOFI_HOST_DEVICE ScoreGradient score_gradient(float score, float scale, float bias, const QueryNumbers& query,
                                              std::int64_t r, const DeviceDropout& dropout, float d_dropped) {
  const float p = exponential(score * scale + bias - query.log_sum);
  const bool kept = dropout.threshold == 0 || is_kept(dropout, query.dropout_key, r);
  const float factor = kept ? dropout.keep_scale : 0;
  return {p * (factor * d_dropped - query.delta) * scale, p * factor};
}

template <class T, bool kRowsAreKeys>
struct RowGradients {
  AttentionBackward<T> call;
};
template <class T, bool kRowsAreKeys>
Grid grid_of(const RowGradients<T, kRowsAreKeys>& a) {
  Grid grid = grid_of(a.call.forward);
  grid.shared_bytes =
      a.call.forward.width == 64 ? TileMemory<T, 64>::kBackward : TileMemory<T, 32>::kBackward;
  return grid;
}

/// d_query of a tile of queries, or d_key and d_value of a tile of keys.
template <class T, int kWidth, bool kRowsAreKeys, class Lanes>
MOFI_DEVICE void row_gradients(Lanes& lanes, const RowGradients<T, kRowsAreKeys>& of) {
  using Memory = TileMemory<T, kWidth>;
  const AttentionBackward<T>& a = of.call;
  const AttentionForward<T>& forward = a.forward;
  const TilePlace place = tile_place(forward.starts, forward.sequences, forward.rows, lanes.block_x());
  if (!place.is_there()) return;
  const int head = lanes.block_y(), lane = lanes.thread() % kLanesOfWarp,
            warp = lanes.thread() / kLanesOfWarp;
  const std::int64_t row_stride = static_cast<std::int64_t>(forward.heads) * kWidth,
                     at = place.start * row_stride + head * kWidth;
  if (place.sequence == forward.sequences) {
    clear_tile<kWidth>(lanes, place, row_stride, (kRowsAreKeys ? a.d_key : a.d_query) + at);
    if (kRowsAreKeys) clear_tile<kWidth>(lanes, place, row_stride, a.d_value + at);
    return;
  }
  Carver carver = {static_cast<char*>(lanes.shared())};
  // x, y: query and key, or key and query. u, w: d_result and value, or value and d_result.
  T *x = carver.template take<T>(Memory::kTileBytes), *u = carver.template take<T>(Memory::kTileBytes),
    *y = carver.template take<T>(Memory::kTileBytes), *w = carver.template take<T>(Memory::kTileBytes),
    *band = carver.template take<T>(Memory::kBandBytes);
  auto* products = carver.template take<float>(Memory::kProductBytes);
  T* own_stage = carver.template take<T>(Memory::kStageBytes) + kRowsOfWarp * warp * Memory::kStageStride;
  auto* columns = carver.template take<QueryNumbers>(Memory::kColumnBytes);  // of columns that are queries
  const int rows_at = kRowsOfWarp * warp * Memory::kStride;

  const std::int64_t first = place.first + kRowsOfWarp * warp;
  QueryNumbers rows[2] = {};
  float row_bias[2] = {};
  for (int i = 0; i < 2; ++i) {
    const std::int64_t row = first + fragment_row(lane, 2 * i);
    if (!kRowsAreKeys)
      rows[i] = query_numbers(a, place.sequence, place.start, place.length, head, row);
    else if (forward.bias != nullptr && row < place.length)
      row_bias[i] = forward.bias[place.start + row];
  }
  float d_x[kWidth / 8][4] = {}, d_u[kWidth / 8][4] = {};

  load_tile<kWidth>(lanes, (kRowsAreKeys ? forward.key : forward.query) + at, row_stride, place.first,
                    place.length, x);
  load_tile<kWidth>(lanes, (kRowsAreKeys ? forward.value : a.d_result) + at, row_stride, place.first,
                    place.length, u);
  for (std::int64_t first_column = 0; first_column < place.length; first_column += kTile) {
    lanes.sync();
    load_tile<kWidth>(lanes, (kRowsAreKeys ? forward.query : forward.key) + at, row_stride, first_column,
                      place.length, y);
    load_tile<kWidth>(lanes, (kRowsAreKeys ? a.d_result : forward.value) + at, row_stride, first_column,
                      place.length, w);
    load_band<kWidth, kRowsAreKeys>(lanes, forward, place.first, first_column, place.length, band);
    if (kRowsAreKeys && lanes.thread() < kTile)
      columns[lanes.thread()] =
          query_numbers(a, place.sequence, place.start, place.length, head, first_column + lanes.thread());
    lanes.sync();
    float scores[8][4], d_scores[8][4] = {};
    score_tile<T, kWidth>(lanes, x, y, band, products, scores);
    multiply_rows<8>(lanes, RowsOfA<T, kWidth>(lanes, u + rows_at, Memory::kStride), w, Memory::kStride,
                     d_scores);
    MOFI_UNROLL
    for (int n = 0; n < 8; ++n)
      for (int e = 0; e < 4; ++e) {
        const int j = 8 * n + fragment_column(lane, e);
        const std::int64_t row = first + fragment_row(lane, e), column = first_column + j;
        ScoreGradient found = {0, 0};
        if (row < place.length && column < place.length) {
          const float bias = kRowsAreKeys              ? row_bias[e / 2]
                             : forward.bias != nullptr ? forward.bias[place.start + column]
                                                       : 0;
          found = score_gradient(scores[n][e], forward.scale, bias, kRowsAreKeys ? columns[j] : rows[e / 2],
                                 kRowsAreKeys ? row : column, forward.dropout, d_scores[n][e]);
        }
        d_scores[n][e] = found.d_score;
        scores[n][e] = found.dropped;
      }
    if (kRowsAreKeys) {
      stage<T, Memory::kStageStride>(lanes, scores, own_stage);
      multiply_columns(lanes, RowsOfA<T, kTile>(lanes, own_stage, Memory::kStageStride), w, Memory::kStride,
                       d_u);
    }
    stage<T, Memory::kStageStride>(lanes, d_scores, own_stage);
    multiply_columns(lanes, RowsOfA<T, kTile>(lanes, own_stage, Memory::kStageStride), y, Memory::kStride,
                     d_x);
    stage_skewed<T, Memory::kStageStride>(lanes, d_scores, own_stage);
    multiply_columns(lanes, RowsOfA<T, kWarpBand>(lanes, own_stage, Memory::kStageStride),
                     band + first_line_of_rows(warp) * Memory::kStride, Memory::kStride, d_x);
  }
  store_rows(lanes, d_x, first, place.length, row_stride, (kRowsAreKeys ? a.d_key : a.d_query) + at);
  if (kRowsAreKeys) store_rows(lanes, d_u, first, place.length, row_stride, a.d_value + at);
}

/// Sums of the gradients of the band of a diagonal over every kDistanceParts-th head of a sequence.
template <class T>
struct BandGradients {
  AttentionBackward<T> call;
};
template <class T>
Grid grid_of(const BandGradients<T>& a) {
  return {diagonal_count(a.call.forward.max_position), kDistanceParts, kTileThreads,
          a.call.forward.width == 64 ? TileMemory<T, 64>::kDistance : TileMemory<T, 32>::kDistance};
}

/// d_scores of a warp's 16 rows as lines of the band by rows, or by columns: [128, 64].
template <class T, int kStride, bool kByColumns, class Lanes>
MOFI_DEVICE void stage_turned(Lanes& lanes, const float (&d_scores)[8][4], T* turned) {
  constexpr int kCount = 16 / static_cast<int>(sizeof(T));
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  lanes.sync();
  for (int g = lanes.thread(); g < kBand * kStride / kCount; g += kTileThreads)
    store_group<kCount>(Group<T, kCount>{}, turned + g * kCount);
  lanes.sync();
  MOFI_UNROLL
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e) {
      const int row = kRowsOfWarp * warp + fragment_row(lane, e), column = 8 * n + fragment_column(lane, e);
      turned[band_line(row, column) * kStride + (kByColumns ? column : row)] = rounded<T>(d_scores[n][e]);
    }
  lanes.sync();
}

template <class T, int kWidth, class Lanes>
MOFI_DEVICE void band_gradients(Lanes& lanes, const BandGradients<T>& of) {
  using Memory = TileMemory<T, kWidth>;
  constexpr int kLines = kBand / kTileWarps;  // of a warp
  const AttentionBackward<T>& a = of.call;
  const AttentionForward<T>& forward = a.forward;
  const int lane = lanes.thread() % kLanesOfWarp, warp = lanes.thread() / kLanesOfWarp;
  const int diagonal = diagonal_of(lanes.block_x());
  Carver carver = {static_cast<char*>(lanes.shared())};
  T *query = carver.template take<T>(Memory::kTileBytes),
    *d_result = carver.template take<T>(Memory::kTileBytes),
    *key = carver.template take<T>(Memory::kTileBytes), *value = carver.template take<T>(Memory::kTileBytes),
    *band = carver.template take<T>(Memory::kBandBytes);
  auto* products = carver.template take<float>(Memory::kProductBytes);
  T* turned = carver.template take<T>(Memory::kTurnedBytes);
  float d_band[kLines / 16][kWidth / 8][4] = {};

  const std::int64_t row_stride = static_cast<std::int64_t>(forward.heads) * kWidth;
  for (std::int64_t pair = lanes.block_y(); pair < forward.sequences * forward.heads;
       pair += kDistanceParts) {
    const std::int64_t sequence = pair / forward.heads, start = forward.starts[sequence],
                       length = forward.starts[sequence + 1] - start;
    const int head = static_cast<int>(pair % forward.heads), tiles = tiles_of(length);
    const std::int64_t at = start * row_stride + head * kWidth;
    for (int i = diagonal > 0 ? diagonal : 0; i < tiles && i - diagonal < tiles; ++i) {
      const std::int64_t first_query = static_cast<std::int64_t>(i) * kTile,
                         first_key = static_cast<std::int64_t>(i - diagonal) * kTile,
                         first = first_query + kRowsOfWarp * warp;
      lanes.sync();
      load_tile<kWidth>(lanes, forward.query + at, row_stride, first_query, length, query);
      load_tile<kWidth>(lanes, a.d_result + at, row_stride, first_query, length, d_result);
      load_tile<kWidth>(lanes, forward.key + at, row_stride, first_key, length, key);
      load_tile<kWidth>(lanes, forward.value + at, row_stride, first_key, length, value);
      load_band<kWidth, false>(lanes, forward, first_query, first_key, length, band);
      lanes.sync();
      float scores[8][4], d_scores[8][4] = {};
      score_tile<T, kWidth>(lanes, query, key, band, products, scores);
      multiply_rows<8>(
          lanes, RowsOfA<T, kWidth>(lanes, d_result + kRowsOfWarp * warp * Memory::kStride, Memory::kStride),
          value, Memory::kStride, d_scores);
      QueryNumbers rows[2];
      for (int h = 0; h < 2; ++h)
        rows[h] = query_numbers(a, sequence, start, length, head, first + fragment_row(lane, 2 * h));
      MOFI_UNROLL
      for (int n = 0; n < 8; ++n)
        for (int e = 0; e < 4; ++e) {
          const std::int64_t l = first + fragment_row(lane, e),
                             r = first_key + 8 * n + fragment_column(lane, e);
          float d = 0;
          if (l < length && r < length)
            d = score_gradient(scores[n][e], forward.scale,
                               forward.bias != nullptr ? forward.bias[start + r] : 0, rows[e / 2], r,
                               forward.dropout, d_scores[n][e])
                    .d_score;
          d_scores[n][e] = d;
        }
      const T* own_lines = turned + kLines * warp * Memory::kTurnedStride;
      stage_turned<T, Memory::kTurnedStride, false>(lanes, d_scores, turned);
      MOFI_UNROLL
      for (int h = 0; h < kLines / 16; ++h)
        multiply_columns(
            lanes,
            RowsOfA<T, kTile>(lanes, own_lines + 16 * h * Memory::kTurnedStride, Memory::kTurnedStride),
            query, Memory::kStride, d_band[h]);
      stage_turned<T, Memory::kTurnedStride, true>(lanes, d_scores, turned);
      MOFI_UNROLL
      for (int h = 0; h < kLines / 16; ++h)
        multiply_columns(
            lanes,
            RowsOfA<T, kTile>(lanes, own_lines + 16 * h * Memory::kTurnedStride, Memory::kTurnedStride), key,
            Memory::kStride, d_band[h]);
    }
  }
  float* to =
      a.parts + ((static_cast<std::int64_t>(lanes.block_x()) * kDistanceParts + lanes.block_y()) * kBand +
                 kLines * warp) *
                    kWidth;
  MOFI_UNROLL
  for (int h = 0; h < kLines / 16; ++h)
    for (int n = 0; n < kWidth / 8; ++n)
      for (int e = 0; e < 4; e += 2)
        store_group<2>(Group<float, 2>{d_band[h][n][e], d_band[h][n][e + 1]},
                       to + (16 * h + fragment_row(lane, e)) * kWidth + 8 * n + fragment_column(lane, e));
}

/// Adds up those sums: an offset stands in the bands of at most two diagonals.
struct DistanceSums {
  const float* parts;
  int max_position, width;
  float* d_distance;
};
inline Grid grid_of(const DistanceSums& a) {
  const int floats = (2 * a.max_position - 1) * a.width;
  return {(floats + kTileThreads - 1) / kTileThreads, 1, kTileThreads, 0};
}
template <class Lanes>
MOFI_DEVICE void sum_distances(Lanes& lanes, const DistanceSums& a) {
  const int i = lanes.block_x() * kTileThreads + lanes.thread();
  if (i >= (2 * a.max_position - 1) * a.width) return;
  const int apart = i / a.width - (a.max_position - 1), most = most_tiles(a.max_position);
  // apart = 64 · diagonal + line - 63. Shifted by whole tiles, so that the quotient is of a positive number.
  const int shifted = apart + (kTile - 1) + kTile * most;
  float sum = 0;
  for (int back = 0; back < 2; ++back) {
    const int diagonal = shifted / kTile - most - back, line = shifted % kTile + kTile * back;
    if (line >= kBand - 1 || diagonal <= -most || diagonal >= most) continue;
    const float* at =
        a.parts +
        (static_cast<std::int64_t>(order_of_diagonal(diagonal)) * kDistanceParts * kBand + line) * a.width +
        i % a.width;
    for (int part = 0; part < kDistanceParts; ++part)
      sum += at[static_cast<std::int64_t>(part) * kBand * a.width];
  }
  a.d_distance[i] = sum;
}
template <class T>
DistanceSums distance_sums_of(const AttentionBackward<T>& a) {
  return {a.parts, a.forward.max_position, a.forward.width, a.d_distance};
}

}  // namespace mofi
