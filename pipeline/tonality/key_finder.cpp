#include "tonality/key_finder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mofi {
namespace {

// Of weights as of correlations: far below what one tick can change, far above the rounding of times in
// seconds, by which notes that are equally long differ a little.
constexpr double kRounding = 1e-9;

/// Shifted to mean 0 and scaled to length 1, so that a correlation is a scalar product.
PitchClassWeights standardised(const PitchClassWeights& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 12;
  PitchClassWeights result{};
  double squares = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    result[i] = values[i] - mean;
    squares += result[i] * result[i];
  }
  const double length = std::sqrt(squares);
  for (double& value : result) value /= length;
  return result;
}

double scalar_product(const PitchClassWeights& weights, const PitchClassWeights& profile, std::size_t tonic) {
  double sum = 0;
  for (std::size_t i = 0; i < 12; ++i) sum += weights[(i + tonic) % 12] * profile[i];
  return sum;
}

}  // namespace

KeyEstimate find_key(const PitchClassWeights& weights, const KeyProfile& profile) {
  KeyEstimate estimate;
  const auto [least, most] = std::minmax_element(weights.begin(), weights.end());
  if (*most - *least <= kRounding * *most) return estimate;

  const PitchClassWeights piece = standardised(weights);
  const std::array<PitchClassWeights, 2> modes = {standardised(profile.major), standardised(profile.minor)};
  std::array<double, 2> best_of_mode = {-1, -1};
  double best = -2;
  for (std::size_t tonic = 0; tonic < 12; ++tonic) {
    for (const std::uint8_t mode : {kMajor, kMinor}) {
      const double r = scalar_product(piece, modes[mode], tonic);
      estimate.correlation[std::size_t{12} * mode + tonic] = r;
      best_of_mode[mode] = std::max(best_of_mode[mode], r);
      if (r <= best + kRounding) continue;
      best = r;
      estimate.tonic = static_cast<int>(tonic);
      estimate.mode = mode;
    }
  }
  estimate.margin = best_of_mode[estimate.mode] - best_of_mode[1 - estimate.mode];
  return estimate;
}

}  // namespace mofi
