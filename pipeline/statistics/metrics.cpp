#include "statistics/metrics.h"

#include <limits>
#include <numeric>

#include "core/error.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct ClassCounts {
  std::int64_t right = 0, labelled = 0, predicted = 0;
  bool occurs() const { return labelled + predicted > 0; }
  /// Harmonic mean of precision and recall, written so that it needs no special case but an absent class.
  double f1() const { return 2.0 * static_cast<double>(right) / static_cast<double>(labelled + predicted); }
};

ClassCounts counts_of(const ConfusionMatrix& matrix, int wanted) {
  ClassCounts counts;
  counts.right = matrix.at(wanted, wanted);
  for (int other = 0; other < matrix.classes; ++other) {
    counts.labelled += matrix.at(wanted, other);
    counts.predicted += matrix.at(other, wanted);
  }
  return counts;
}

/// How often label and prediction lie in the same half of the circle.
double half_accuracy(const ConfusionMatrix& matrix, bool (*is_high)(int)) {
  const std::int64_t total = matrix.total();
  if (!matrix.quadrants || total == 0) return kUndefined;
  std::int64_t right = 0;
  for (int label = 0; label < kQuadrants; ++label)
    for (int predicted = 0; predicted < kQuadrants; ++predicted)
      if (is_high(label) == is_high(predicted)) right += matrix.at(label, predicted);
  return static_cast<double>(right) / static_cast<double>(total);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int class_count, bool are_quadrants)
    : classes(class_count),
      quadrants(are_quadrants),
      count(static_cast<std::size_t>(class_count) * static_cast<std::size_t>(class_count)) {}

std::int64_t ConfusionMatrix::total() const {
  return std::accumulate(count.begin(), count.end(), std::int64_t{0});
}

ConfusionMatrix& ConfusionMatrix::operator+=(const ConfusionMatrix& other) {
  if (classes != other.classes)
    fail(ExitCode::kData, "scores of {} and of {} classes cannot be pooled", classes, other.classes);
  for (std::size_t i = 0; i < count.size(); ++i) count[i] += other.count[i];
  return *this;
}

double accuracy(const ConfusionMatrix& matrix) {
  const std::int64_t total = matrix.total();
  if (total == 0) return kUndefined;
  std::int64_t right = 0;
  for (int i = 0; i < matrix.classes; ++i) right += matrix.at(i, i);
  return static_cast<double>(right) / static_cast<double>(total);
}

double macro_f1(const ConfusionMatrix& matrix) {
  double sum = 0;
  int occurring = 0;
  for (int i = 0; i < matrix.classes; ++i) {
    const ClassCounts counts = counts_of(matrix, i);
    if (!counts.occurs()) continue;
    sum += counts.f1();
    ++occurring;
  }
  return occurring == 0 ? kUndefined : sum / occurring;
}

double weighted_f1(const ConfusionMatrix& matrix) {
  const std::int64_t total = matrix.total();
  if (total == 0) return kUndefined;
  double sum = 0;
  for (int i = 0; i < matrix.classes; ++i) {
    const ClassCounts counts = counts_of(matrix, i);
    if (counts.labelled > 0) sum += static_cast<double>(counts.labelled) * counts.f1();
  }
  return sum / static_cast<double>(total);
}

double valence_accuracy(const ConfusionMatrix& matrix) { return half_accuracy(matrix, high_valence); }
double arousal_accuracy(const ConfusionMatrix& matrix) { return half_accuracy(matrix, high_arousal); }

}  // namespace mofi
