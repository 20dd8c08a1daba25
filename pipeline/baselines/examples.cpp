#include "baselines/examples.h"

#include <algorithm>
#include <cmath>

namespace mofi {

bool has_several_classes(const Examples& examples) {
  return std::ranges::adjacent_find(examples.labels, std::ranges::not_equal_to()) != examples.labels.end();
}

Standardiser::Standardiser(const Matrix& training) : mean_(training.columns), scale_(training.columns) {
  const auto rows = static_cast<double>(training.rows);
  for (std::size_t r = 0; r < training.rows; ++r)
    for (std::size_t c = 0; c < training.columns; ++c) mean_[c] += training.row(r)[c] / rows;
  for (std::size_t r = 0; r < training.rows; ++r)
    for (std::size_t c = 0; c < training.columns; ++c)
      scale_[c] += std::pow(training.row(r)[c] - mean_[c], 2) / rows;
  for (std::size_t c = 0; c < training.columns; ++c) {
    const double sd = std::sqrt(scale_[c]);
    const bool is_constant = sd <= 1e-9 * std::abs(mean_[c]);  // but for rounding
    scale_[c] = is_constant ? 0 : 1 / sd;
  }
}

void Standardiser::apply(Matrix& features) const {
  for (std::size_t r = 0; r < features.rows; ++r)
    for (std::size_t c = 0; c < features.columns; ++c)
      features.row(r)[c] = (features.row(r)[c] - mean_[c]) * scale_[c];
}

}  // namespace mofi
