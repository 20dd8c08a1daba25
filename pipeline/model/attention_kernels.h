#pragma once
// What self-attention does to the scores of one query, between the matrix products: rows of float32 in cache,
// each walked as often as it must and no more, by the widest vectors of this machine (Highway, chosen at run
// time).

#include <cstddef>
#include <cstdint>

namespace mofi {

/// Which elements are dropped: element i of a row is, where a hash of (key, i) is below `threshold`. So
/// nothing is stored, the backward pass finds the same elements, and threads do not matter.
struct RowDropout {
  std::uint32_t key = 0;
  std::uint32_t threshold = 0;  ///< probability × 2^32; 0 drops nothing
  float keep_scale = 1;         ///< 1 / (1 - probability)
};

/// probabilities = softmax(scale · (scores + positions) + bias); dropped = the same after dropout. `bias` may
/// be null; `dropped` may be `probabilities` when nothing is dropped. All have `size` elements.
void attention_row(const float* scores, const float* positions, const float* bias, float scale,
                   const RowDropout& dropout, std::size_t size, float* probabilities, float* dropped);

/// The way back. d_dropped: gradient of the dropped probabilities. Gives the dropped probabilities again, and
/// d_scores, that of scores and positions alike.
void attention_row_backward(const float* probabilities, const float* d_dropped, float scale,
                            const RowDropout& dropout, std::size_t size, float* dropped, float* d_scores);

/// row[i] += column[i · stride], row[i] = column[i · stride]: reading across rows that are in cache.
void add_column(const float* column, std::size_t stride, std::size_t size, float* row);
void copy_column(const float* column, std::size_t stride, std::size_t size, float* row);

/// out[i] = in[i] · keep_scale where element i is kept, else 0. In place is allowed.
void drop_row(const float* in, const RowDropout& dropout, std::size_t size, float* out);

/// The instruction set that was chosen: "AVX3", "AVX2" ….
const char* attention_kernel_target();

}  // namespace mofi
