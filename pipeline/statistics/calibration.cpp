#include "statistics/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mofi {

void Calibration::add(double confidence, bool right) {
  const int above = static_cast<int>(std::ceil(confidence * kCalibrationBins));
  Bin& bin = bins[static_cast<std::size_t>(std::clamp(above - 1, 0, kCalibrationBins - 1))];
  ++bin.count;
  bin.right += right ? 1 : 0;
  bin.confidence += confidence;
}

Calibration& Calibration::operator+=(const Calibration& other) {
  for (std::size_t b = 0; b < bins.size(); ++b) {
    bins[b].count += other.bins[b].count;
    bins[b].right += other.bins[b].right;
    bins[b].confidence += other.bins[b].confidence;
  }
  return *this;
}

double expected_calibration_error(const Calibration& calibration) {
  double apart = 0;
  std::int64_t count = 0;
  for (const Calibration::Bin& bin : calibration.bins) {
    apart += std::abs(static_cast<double>(bin.right) - bin.confidence);
    count += bin.count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : apart / static_cast<double>(count);
}

}  // namespace mofi
