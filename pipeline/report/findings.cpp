#include "report/findings.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "report/cells.h"
#include "report/figures.h"
#include "report/series.h"

namespace mofi {
namespace {

constexpr std::size_t kMostSentences = 8;

std::string estimate_text(const Estimate& estimate, const AblationOptions& options) {
  return fmt::format("{} points ({:g} % interval {})", percent(estimate.value, "+"),
                     options.bootstrap.level * 100, percent(estimate.interval, "+"));
}

std::string p_text(double p) {
  const std::string cell = p_cell(p);
  return cell.starts_with('<') ? "p < " + cell.substr(1) : "p = " + cell;
}

std::string of_one(const Ablation& ablation, std::size_t arm, const AblationOptions& options) {
  const ArmComparison& c = ablation.comparisons[*ablation.results[arm].difference];
  return fmt::format("{}: {} to {}, {}{}; {}.", short_label(ablation.set, ablation.set.arms[arm]),
                     estimate_text(c.of.difference, options),
                     label(ablation.set, ablation.set.arms[c.reference]), p_text(c.holm),
                     c.family > 1 ? fmt::format(" after Holm's adjustment for {}", c.family) : "",
                     n_of(ablation.results[arm]));
}

/// Of several sites: how many differ, and from where to where differences go; none of them is picked out.
std::string of_sites(const Ablation& ablation, const ArmSeries& series, const AblationOptions& options) {
  const double alpha = 1 - options.bootstrap.level;
  std::size_t more = 0, less = 0;
  const ArmComparison *lowest = nullptr, *highest = nullptr;
  for (const auto& [site, arm] : series.points) {
    const ArmComparison& c = ablation.comparisons[*ablation.results[arm].difference];
    if (c.holm < alpha) ++(c.of.difference.value > 0 ? more : less);
    if (lowest == nullptr || c.of.difference.value < lowest->of.difference.value) lowest = &c;
    if (highest == nullptr || c.of.difference.value > highest->of.difference.value) highest = &c;
  }
  std::string told = fmt::format("{} of them", more + less);
  if (less > 0) told += fmt::format(" ({} for the worse)", less);
  const std::string sites =
      fmt::format("{} at {} sites: {} differ{} from the baseline, {}, at {:g} % after Holm's adjustment.",
                  series.name, series.points.size(), told, more + less == 1 ? "s" : "",
                  label(ablation.set, ablation.set.arms[*series.baseline]), 100 * alpha);
  return fmt::format("{} The smallest difference is {}, the largest {}; {}.", sites,
                     estimate_text(lowest->of.difference, options),
                     estimate_text(highest->of.difference, options), counts_of(ablation, {series}));
}

}  // namespace

std::vector<std::string> findings(const NamedAblation& named, const AblationOptions& options) {
  const Ablation& ablation = named.ablation;
  std::vector<std::string> sentences;
  std::set<std::size_t> told;
  for (const ArmSeries& series : series_along(ablation, kSiteField)) {
    if (!series.baseline) continue;
    sentences.push_back(series.points.size() == 1 ? of_one(ablation, series.points.front().second, options)
                                                  : of_sites(ablation, series, options));
    for (const auto& [site, arm] : series.points) told.insert(arm);
  }
  for (std::size_t i = 0; i < ablation.results.size(); ++i)
    if (ablation.results[i].difference && !told.contains(i))
      sentences.push_back(of_one(ablation, i, options));
  if (sentences.size() > kMostSentences) {
    const std::size_t more = sentences.size() - kMostSentences;
    sentences.resize(kMostSentences);
    sentences.push_back(fmt::format("{} more comparisons are in the table.", more));
  }
  if (sentences.empty())
    for (std::size_t i = 0; i < ablation.results.size() && i < kMostSentences; ++i) {
      const ArmResult& result = ablation.results[i];
      sentences.push_back(fmt::format("{}: accuracy {} % ({:g} % interval {}); {}.",
                                      short_label(ablation.set, ablation.set.arms[i]),
                                      percent(result.accuracy.mean), options.bootstrap.level * 100,
                                      percent(result.accuracy_interval), n_of(result)));
    }
  if (ablation.set.arms.size() > 1) sentences.push_back(best_note(ablation, options));
  return sentences;
}

}  // namespace mofi
