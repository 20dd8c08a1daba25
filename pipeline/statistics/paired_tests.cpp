#include "statistics/paired_tests.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "statistics/summary.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

PairedT corrected_paired_t(std::span<const double> differences, double test_to_train) {
  if (differences.size() < 2) return {kUndefined, kUndefined, kUndefined};
  const auto n = static_cast<double>(differences.size());
  const double centre = mean(differences), sd = sample_sd(differences);
  PairedT test;
  test.degrees = n - 1;
  if (sd == 0) {
    test.t = centre == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), centre);
    test.p = centre == 0 ? 1 : 0;
    return test;
  }
  test.t = centre / (sd * std::sqrt(1 / n + test_to_train));
  const boost::math::students_t student(test.degrees);
  test.p = 2 * boost::math::cdf(boost::math::complement(student, std::abs(test.t)));
  return test;
}

double sign_flip_p(std::span<const std::int64_t> song_differences) {
  std::vector<std::size_t> sizes;
  std::size_t unit = 0, total = 0;
  std::int64_t sum = 0;
  for (const std::int64_t difference : song_differences) {
    sum += difference;
    if (difference == 0) continue;
    sizes.push_back(static_cast<std::size_t>(std::abs(difference)));
    unit = std::gcd(unit, sizes.back());
  }
  if (sum == 0) return 1;
  std::sort(sizes.begin(), sizes.end());

  // The chance of each sum of those songs that get a plus: twice that less the total is the signed sum.
  std::vector<double> chance = {1};
  for (const std::size_t size : sizes) {
    const std::size_t step = size / unit;
    total += step;
    chance.resize(total + 1, 0.0);
    for (std::size_t at = total + 1; at-- > 0;)
      chance[at] = 0.5 * (chance[at] + (at >= step ? chance[at - step] : 0.0));
  }
  // Both tails, which are equal: sums of at most (total - |sum|) / 2.
  const std::size_t reach = (total - static_cast<std::size_t>(std::abs(sum)) / unit) / 2;
  const double tail =
      std::accumulate(chance.begin(), chance.begin() + static_cast<std::ptrdiff_t>(reach) + 1, 0.0);
  return std::min(1.0, 2 * tail);
}

double mcnemar_p(std::int64_t only_first_right, std::int64_t only_second_right) {
  const std::int64_t discordant = only_first_right + only_second_right;
  if (discordant == 0) return 1;
  const boost::math::binomial coin(static_cast<double>(discordant), 0.5);
  const auto fewer = static_cast<double>(std::min(only_first_right, only_second_right));
  return std::min(1.0, 2 * boost::math::cdf(coin, fewer));
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });

  std::vector<double> adjusted(p.begin(), p.end());
  double before = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double times = static_cast<double>(order.size() - rank);
    before = std::max(before, std::min(1.0, times * p[order[rank]]));
    adjusted[order[rank]] = before;
  }
  return adjusted;
}

double probability_of_improvement(std::span<const double> first, std::span<const double> second) {
  double better = 0;
  for (const double a : first)
    for (const double b : second) better += a > b ? 1 : a == b ? 0.5 : 0;
  return better / static_cast<double>(first.size() * second.size());
}

}  // namespace mofi
