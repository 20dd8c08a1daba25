#include "statistics/power.h"

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <functional>

namespace mofi {
namespace {

/// Beyond, Student's distributions are the normal ones to seven digits.
constexpr double kManyDegrees = 1e7;

/// The smallest number in 2 … most that is enough. `is_enough` turns true once and stays so.
std::optional<std::size_t> fewest(std::size_t most, const std::function<bool(std::size_t)>& is_enough) {
  if (!is_enough(most)) return {};
  std::size_t low = 2, high = most;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (is_enough(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace

double power_of_t(double gap, double standard_error, double degrees, double level) {
  using boost::math::cdf, boost::math::complement, boost::math::quantile;
  if (standard_error == 0) return gap == 0 ? level : 1;
  const double shift = std::abs(gap) / standard_error;
  if (degrees > kManyDegrees) {
    const boost::math::normal normal;
    const double border = quantile(complement(normal, level / 2));
    return cdf(normal, shift - border) + cdf(normal, -shift - border);
  }
  const double border = quantile(complement(boost::math::students_t(degrees), level / 2));
  if (shift == 0) return level;
  const boost::math::non_central_t shifted(degrees, shift);
  return cdf(complement(shifted, border)) + cdf(shifted, -border);
}

double detectable_gap(double standard_error, double degrees, double level, double power) {
  if (std::isnan(standard_error) || standard_error == 0) return standard_error;
  const auto short_of = [&](double gap) { return power_of_t(gap, 1, degrees, level) - power; };
  double high = 1;  // in standard errors
  while (short_of(high) < 0 && high < 1e6) high *= 2;
  std::uintmax_t steps = 60;
  const auto bracket = boost::math::tools::toms748_solve(
      short_of, 0.0, high, boost::math::tools::eps_tolerance<double>(40), steps);
  return bracket.second * standard_error;
}

namespace {

/// Whether `gap` is seen often enough.
bool sees(const VarianceParts& parts, double gap, double level, double power) {
  return power_of_t(gap, std::sqrt(parts.total()), parts.degrees_of_freedom(), level) >= power;
}

}  // namespace

double detectable_gap(const VarianceParts& parts, double level, double power) {
  return detectable_gap(std::sqrt(parts.total()), parts.degrees_of_freedom(), level, power);
}

VarianceParts with_seeds(const VarianceParts& seen, std::size_t seeds) {
  const double ratio = static_cast<double>(seen.seed_count) / static_cast<double>(seeds);
  VarianceParts parts = seen;
  parts.seed_count = seeds;
  parts.noise = seen.noise * ratio;
  parts.songs = std::max(0.0, seen.songs - seen.noise) + parts.noise;
  parts.seeds = std::max(0.0, seen.seeds - seen.noise) * ratio + parts.noise;
  return parts;
}

VarianceParts with_songs(const VarianceParts& seen, std::size_t songs) {
  const double ratio = static_cast<double>(seen.song_count) / static_cast<double>(songs);
  VarianceParts parts = seen;
  parts.song_count = songs;
  parts.noise = seen.noise * ratio;
  parts.songs = seen.songs * ratio;
  parts.seeds = std::max(0.0, seen.seeds - seen.noise) + parts.noise;
  return parts;
}

std::optional<std::size_t> seeds_needed(const VarianceParts& seen, double gap, double level, double power) {
  if (seen.seed_count < 2) return {};  // one seed does not tell how much seeds differ
  return fewest(10'000, [&](std::size_t seeds) { return sees(with_seeds(seen, seeds), gap, level, power); });
}

std::optional<std::size_t> songs_needed(const VarianceParts& seen, double gap, double level, double power) {
  return fewest(1'000'000,
                [&](std::size_t songs) { return sees(with_songs(seen, songs), gap, level, power); });
}

}  // namespace mofi
