#pragma once
// What classical systems learn from and score: pieces as rows of numbers.

#include <cstddef>
#include <span>
#include <vector>

namespace mofi {

/// Numbers [rows, columns], row-major.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}
  std::span<double> row(std::size_t r) { return std::span(values).subspan(r * columns, columns); }
  std::span<const double> row(std::size_t r) const { return std::span(values).subspan(r * columns, columns); }
};

/// The pieces of the training part.
struct Examples {
  Matrix features;
  std::vector<int> labels;  ///< 0 … classes-1
  int classes = 0;
};

/// The logit of a class of which there is no example.
inline constexpr double kNeverSeen = -100;

/// Whether some class is told from another at all.
bool has_several_classes(const Examples& examples);

/// Takes the mean off every column and divides by its standard deviation (of the population), both of the
/// pieces that it was made from, which must be those of the training part. A column that is the same for all
/// of them becomes 0 for every piece.
class Standardiser {
 public:
  explicit Standardiser(const Matrix& training);
  void apply(Matrix& features) const;

 private:
  std::vector<double> mean_, scale_;
};

}  // namespace mofi
