#include <algorithm>
#include <cmath>

#include "baselines/classifiers.h"

namespace mofi {

Matrix majority_logits(const Examples& examples, std::size_t scored_rows) {
  std::vector<double> count(static_cast<std::size_t>(examples.classes), 1);
  for (const int label : examples.labels) ++count[static_cast<std::size_t>(label)];
  const auto all = static_cast<double>(examples.labels.size() + count.size());
  Matrix logits(scored_rows, count.size());
  for (std::size_t r = 0; r < scored_rows; ++r)
    std::ranges::transform(count, logits.row(r).begin(), [&](double of) { return std::log(of / all); });
  return logits;
}

}  // namespace mofi
