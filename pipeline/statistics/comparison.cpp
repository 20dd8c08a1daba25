#include "statistics/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "statistics/summary.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Answers gained and lost by song, over its clips and all seeds.
std::vector<std::int64_t> song_differences(const ScoreTable& gain) {
  const std::size_t seeds = gain.seeds.size();
  std::vector<std::int64_t> differences;
  for (std::size_t song = 0; song < gain.songs.size(); ++song) {
    double sum = 0;
    for (std::size_t seed = 0; seed < seeds; ++seed) sum += gain.correct[song * seeds + seed];
    differences.push_back(std::llround(sum));
  }
  return differences;
}

/// Folds are tasks of their own: only runs of one fold are compared with each other.
double improvement_within_folds(std::span<const RunPair> runs) {
  std::map<std::int64_t, std::pair<std::vector<double>, std::vector<double>>> by_fold;
  for (const RunPair& run : runs) {
    by_fold[run.fold].first.push_back(run.arm);
    by_fold[run.fold].second.push_back(run.reference);
  }
  std::vector<double> chances;
  for (const auto& [fold, accuracies] : by_fold)
    chances.push_back(probability_of_improvement(accuracies.first, accuracies.second));
  return mean(chances);
}

}  // namespace

double Comparison::p() const { return std::isnan(bootstrap_p) ? song_p : std::max(bootstrap_p, song_p); }

Comparison compare(const ScoreTable& gain, std::vector<double> draws, double level,
                   std::span<const RunPair> runs, double test_to_train) {
  Comparison comparison;
  comparison.bootstrap_p = p_of_zero(draws);
  comparison.difference = {mean_accuracy(gain), percentile_interval(std::move(draws), level)};
  comparison.parts = variance_parts(gain);
  comparison.song_p = sign_flip_p(song_differences(gain));
  std::vector<double> differences;
  for (const RunPair& run : runs) differences.push_back(run.arm - run.reference);
  comparison.corrected = std::isnan(test_to_train) ? PairedT{kUndefined, kUndefined, kUndefined}
                                                   : corrected_paired_t(differences, test_to_train);
  comparison.improvement = improvement_within_folds(runs);
  return comparison;
}

}  // namespace mofi
