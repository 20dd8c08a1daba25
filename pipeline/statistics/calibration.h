#pragma once
// How far a classifier's confidence is from how often it is right. Bins add, so that folds and splits are
// pooled as counts.

#include <array>
#include <cstdint>

namespace mofi {

inline constexpr int kCalibrationBins =
    15;  ///< of equal width over 0 … 1, as Guo et al. have them (ICML 2017)

struct Calibration {
  /// `confidence`: the probability of the class that was chosen. Bin b holds what is in (b / 15, (b + 1) /
  /// 15].
  void add(double confidence, bool right);
  Calibration& operator+=(const Calibration& other);

  struct Bin {
    std::int64_t count = 0, right = 0;
    double confidence = 0;  ///< summed
  };
  std::array<Bin, kCalibrationBins> bins;
};

/// The expected calibration error: the mean over what was scored of |accuracy - mean confidence| of its bin.
/// NaN when nothing was.
double expected_calibration_error(const Calibration& calibration);

}  // namespace mofi
