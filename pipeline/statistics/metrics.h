#pragma once
// Metrics of a confusion matrix. Matrices add, so that scores of folds and splits are pooled as counts and
// never averaged (design, rule 7). What nothing was scored for is NaN.

#include <cstdint>
#include <vector>

namespace mofi {

struct ConfusionMatrix {
  ConfusionMatrix(int class_count, bool are_quadrants);
  explicit ConfusionMatrix(int class_count = 4) : ConfusionMatrix(class_count, class_count == 4) {}

  void add(int label, int predicted) { ++count[index(label, predicted)]; }
  std::int64_t at(int label, int predicted) const { return count[index(label, predicted)]; }
  std::int64_t total() const;
  ConfusionMatrix& operator+=(const ConfusionMatrix& other);

  int classes;
  bool quadrants;                   ///< whether the classes are Russell's
  std::vector<std::int64_t> count;  ///< [label, predicted]

 private:
  std::size_t index(int label, int predicted) const {
    return static_cast<std::size_t>(label) * static_cast<std::size_t>(classes) +
           static_cast<std::size_t>(predicted);
  }
};

double accuracy(const ConfusionMatrix& matrix);

/// Unweighted mean of the classes' F1, over the classes that occur as a label or as a prediction, as
/// scikit-learn has it. A class that is never predicted right has F1 0.
double macro_f1(const ConfusionMatrix& matrix);

/// Mean of the classes' F1 weighted by how often each is the label.
double weighted_f1(const ConfusionMatrix& matrix);

/// Russell's quadrants as classes 0..3: Q1 (high valence, high arousal), Q2 (low, high), Q3 (low, low), Q4
/// (high, low).
inline constexpr int kQuadrants = 4;
inline bool high_valence(int quadrant) { return quadrant == 0 || quadrant == 3; }
inline bool high_arousal(int quadrant) { return quadrant == 0 || quadrant == 1; }

/// How often the half of the circle is right. NaN unless the classes are quadrants.
double valence_accuracy(const ConfusionMatrix& matrix);
double arousal_accuracy(const ConfusionMatrix& matrix);

}  // namespace mofi
