#include "statistics/best.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "statistics/summary.h"

namespace mofi {
namespace {

double interquartile_range(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.75) - quantile(values, 0.25);
}

/// Two arms: how far the better is ahead, and how resamples depart from that, both in units of the spread.
struct Pair {
  std::size_t better = 0, worse = 0;
  double lead = 0;
  std::vector<double> departure;  ///< [resamples] absolute
};

Pair pair_of(std::span<const double> values, std::span<const std::vector<double>> draws, std::size_t a,
             std::size_t b) {
  Pair pair;
  pair.better = values[a] < values[b] ? b : a;
  pair.worse = pair.better == a ? b : a;
  const double lead = values[pair.better] - values[pair.worse];
  for (std::size_t r = 0; r < draws[a].size(); ++r)
    pair.departure.push_back(draws[pair.better][r] - draws[pair.worse][r] - lead);
  const double spread = interquartile_range(pair.departure);
  for (double& departure : pair.departure) departure = spread > 0 ? std::abs(departure) / spread : 0;
  // Arms whose difference never varies are told apart for sure, or are the same.
  pair.lead = spread > 0 ? lead / spread : lead > 0 ? std::numeric_limits<double>::infinity() : 0;
  return pair;
}

}  // namespace

std::vector<double> probability_of_best(std::span<const std::vector<double>> draws) {
  std::vector<double> wins(draws.size(), 0.0);
  const std::size_t resamples = draws.empty() ? 0 : draws.front().size();
  for (std::size_t r = 0; r < resamples; ++r) {
    double highest = -std::numeric_limits<double>::infinity();
    double sharing = 0;
    for (const std::vector<double>& arm : draws) {
      if (arm[r] > highest) sharing = 0;
      highest = std::max(highest, arm[r]);
      sharing += arm[r] == highest ? 1 : 0;
    }
    for (std::size_t arm = 0; arm < draws.size(); ++arm)
      if (draws[arm][r] == highest) wins[arm] += 1 / sharing;
  }
  for (double& share : wins) share /= static_cast<double>(resamples);
  return wins;
}

std::vector<bool> confidence_set(std::span<const double> values, std::span<const std::vector<double>> draws,
                                 double level) {
  std::vector<Pair> pairs;
  for (std::size_t a = 0; a < values.size(); ++a)
    for (std::size_t b = a + 1; b < values.size(); ++b) pairs.push_back(pair_of(values, draws, a, b));

  std::vector<bool> in_set(values.size(), true);
  while (!pairs.empty()) {
    const auto widest = std::max_element(pairs.begin(), pairs.end(),
                                         [](const Pair& a, const Pair& b) { return a.lead < b.lead; });
    std::vector<double> largest(widest->departure.size(), 0.0);
    for (const Pair& pair : pairs)
      for (std::size_t r = 0; r < largest.size(); ++r) largest[r] = std::max(largest[r], pair.departure[r]);
    const auto as_wide =
        std::count_if(largest.begin(), largest.end(), [&](double width) { return width >= widest->lead; });
    if (static_cast<double>(as_wide + 1) > (1 - level) * static_cast<double>(largest.size() + 1)) break;
    const std::size_t worst = widest->worse;
    in_set[worst] = false;
    std::erase_if(pairs, [worst](const Pair& pair) { return pair.better == worst || pair.worse == worst; });
  }
  return in_set;
}

}  // namespace mofi
