#pragma once
// The matrix products of relative attention: sums over k of products in which one factor may also depend on
// the distance of the two indices. Three kernels, in tiles that stay in registers, by the widest vectors of
// this machine (Highway, chosen at run time).

#include <cstddef>

namespace mofi {

/// Rows, steps and widths of contractions are padded to this many floats: no vector of any machine is cut.
inline constexpr std::ptrdiff_t kLanes = 16;
constexpr std::ptrdiff_t padded(std::ptrdiff_t size) { return (size + kLanes - 1) / kLanes * kLanes; }

/// A float for every (row i, step k), at data[i · row + k · step]; or, where a width is read, that and the
/// floats behind it.
struct Operand {
  const float* data = nullptr;
  std::ptrdiff_t row = 0, step = 0;

  Operand at(std::ptrdiff_t i, std::ptrdiff_t k) const { return {data + i * row + k * step, row, step}; }
};

struct ContractionSize {
  std::ptrdiff_t rows, steps;  ///< multiples of 4
  std::ptrdiff_t width;        ///< a multiple of kLanes
};

/// Row i of `result` is at result + i · result_row. With `adds` it is added to, otherwise overwritten. a is
/// one float per (i, k); b(k) and c are `width` floats.

/// result(i) = Σ_k a(i, k) · b(k)
void contract(const ContractionSize& size, const Operand& a, const Operand& b, float* result,
              std::ptrdiff_t result_row, bool adds);

/// result(i) = Σ_k a(i, k) · (b(k) + c(i - k)); c(j) is at c + j · c_row.
void contract_by_distance(const ContractionSize& size, const Operand& a, const Operand& b, const float* c,
                          std::ptrdiff_t c_row, float* result, std::ptrdiff_t result_row, bool adds);

/// result(i) = Σ_k a(i, k) · b(k) + (a(i, k) + b(k)) · c(i, k)
void contract_with_relation(const ContractionSize& size, const Operand& a, const Operand& b, const Operand& c,
                            float* result, std::ptrdiff_t result_row);

/// The instruction set that was chosen: "AVX3", "AVX2" ….
const char* kernel_target();

}  // namespace mofi
