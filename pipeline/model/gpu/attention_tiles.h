#pragma once
// Index arithmetic of relative attention in tiles of 64 words by 64: which tile a block works on, which of
// the band's offsets a pair of words meets, and the online softmax.
//
// Of a tile, "rows" are the words that a warp has to itself (16 each), "columns" those that it meets: queries
// and keys, or keys and queries. Row i and column j of a tile are |first row + i - first column - j| words
// apart; over a tile this difference takes 127 values, the band, whose line i - j + 63 has the relative
// position of row i and column j. Product with the band's lines instead of all offsets, then read along the
// diagonals ("skewed").

#include "model/gpu/kernel_table.h"

namespace mofi {

inline constexpr int kTile = 64, kTileWarps = 4, kRowsOfWarp = kTile / kTileWarps,
                     kTileThreads = kTileWarps * kLanesOfWarp;
inline constexpr int kBand = 128;     ///< lines loaded: 127, and one of zeros
inline constexpr int kWarpBand = 80;  ///< lines that 16 rows and 64 columns meet: 79, and one

inline bool attention_kernel_fits(std::int64_t width) { return width == 32 || width == 64; }

// --- Which tile

/// A tile of a sequence, or of the rows that belong to none (sequence = how many there are).
struct TilePlace {
  std::int64_t sequence, start, length;  ///< start: the sequence's first row; length: its words
  std::int64_t first;                    ///< the tile's first word in the sequence
  MOFI_HOST_DEVICE bool is_there() const { return first < length; }
};

/// Tiles are counted through all sequences without adding up: sequence s begins at this one. Some are not
/// there.
MOFI_HOST_DEVICE std::int64_t first_tile(std::int64_t start, std::int64_t s) { return start / kTile + s; }
MOFI_HOST_DEVICE std::int64_t tile_count(std::int64_t rows, std::int64_t sequences) {
  return rows / kTile + sequences + 1;
}

MOFI_HOST_DEVICE TilePlace tile_place(const std::int64_t* starts, std::int64_t sequences, std::int64_t rows,
                                      std::int64_t tile) {
  std::int64_t low = 0, high = sequences;  // the last whose first tile is not behind this one
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    if (first_tile(starts[middle], middle) <= tile)
      low = middle;
    else
      high = middle - 1;
  }
  const std::int64_t start = starts[low], end = low == sequences ? rows : starts[low + 1];
  return {low, start, end - start, (tile - first_tile(start, low)) * kTile};
}

MOFI_HOST_DEVICE int tiles_of(std::int64_t length) { return static_cast<int>((length + kTile - 1) / kTile); }

// --- The band

MOFI_HOST_DEVICE int band_line(int row, int column) { return row - column + kTile - 1; }
/// How far apart, row minus column, words are that meet in this line.
MOFI_HOST_DEVICE std::int64_t band_offset(std::int64_t first_row, std::int64_t first_column, int line) {
  return first_row - first_column + line - (kTile - 1);
}

/// Lines that the rows of a warp meet, and the columns that a warp multiplies for all rows: first line, and
/// the line counted from there.
MOFI_HOST_DEVICE int first_line_of_rows(int warp) { return kRowsOfWarp * warp; }
MOFI_HOST_DEVICE int line_of_row(int row_of_warp, int column) { return row_of_warp - column + kTile - 1; }
MOFI_HOST_DEVICE int first_line_of_columns(int warp) { return kTile - kRowsOfWarp - kRowsOfWarp * warp; }
MOFI_HOST_DEVICE int line_of_column(int row, int column_of_warp) {
  return row - column_of_warp + kRowsOfWarp - 1;
}

// --- Diagonals of tiles: all that meet the same band

/// Sums of the gradient of the relative positions are made in so many parts a diagonal.
inline constexpr int kDistanceParts = 32;
MOFI_HOST_DEVICE int most_tiles(int max_position) { return tiles_of(max_position); }
MOFI_HOST_DEVICE int diagonal_count(int max_position) { return 2 * most_tiles(max_position) - 1; }
/// Query tile minus key tile: 0, 1, -1, 2, … , those with most work first.
MOFI_HOST_DEVICE int diagonal_of(int order) { return order % 2 == 1 ? (order + 1) / 2 : -(order / 2); }
MOFI_HOST_DEVICE int order_of_diagonal(int diagonal) {
  return diagonal > 0 ? 2 * diagonal - 1 : -2 * diagonal;
}
inline std::int64_t distance_part_floats(int max_position, int width) {
  return static_cast<std::int64_t>(diagonal_count(max_position)) * kDistanceParts * kBand * width;
}

// --- Softmax

/// What is known of a row's softmax after some of its columns.
struct RunningSoftmax {
  float most = -INFINITY, sum = 0;

  /// Takes in the largest score of more columns; returns what sums so far are to be multiplied with.
  MOFI_HOST_DEVICE float raise(float score) {
    const float before = most;
    most = fmaxf(most, score);
    const float factor = exponential(before - most);
    sum *= factor;
    return factor;
  }
  MOFI_HOST_DEVICE float log_sum() const { return most + logf(sum); }
};

}  // namespace mofi
