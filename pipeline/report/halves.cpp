#include "report/halves.h"

#include "statistics/metrics.h"

namespace mofi {
namespace {

/// The runs with two classes instead of four, as seeds and folds pool them.
Pools halved(const Arm& arm, Half half, const Names& names, const Scoring& scoring) {
  const auto side = [half](int quadrant) {
    return static_cast<int>(half == Half::kValence ? high_valence(quadrant) : high_arousal(quadrant));
  };
  std::vector<Run> runs;
  for (const Run* run : arm.runs) {
    Run& copy = runs.emplace_back(*run);
    copy.classes = 2;
    copy.quadrants = false;
    for (PieceOutcome& outcome : copy.outcomes) {
      outcome.label = side(outcome.label);
      outcome.predicted = side(outcome.predicted);
    }
  }
  std::vector<const Run*> members;
  for (const Run& run : runs) members.push_back(&run);
  return pool(seeded(members), names, scoring);
}

bool all_quadrants(const Arm& arm) {
  for (const Run* run : arm.runs)
    if (!run->quadrants) return false;
  return true;
}

void keep_common(Pools& pools, const Pools& others) {
  std::erase_if(pools, [&](const auto& entry) { return !others.contains(entry.first); });
}

}  // namespace

std::optional<Estimate> half_accuracy(const Arm& arm, Half half, const Names& names, const Scoring& scoring,
                                      const BootstrapOptions& options) {
  if (!all_quadrants(arm)) return std::nullopt;
  return bootstrap_accuracy(score_table(halved(arm, half, names, scoring), names), options);
}

std::optional<Estimate> half_difference(const Arm& arm, const Arm& reference, Half half, const Names& names,
                                        const Scoring& scoring, const BootstrapOptions& options) {
  if (!all_quadrants(arm) || !all_quadrants(reference)) return std::nullopt;
  Pools own = halved(arm, half, names, scoring), others = halved(reference, half, names, scoring);
  keep_common(own, others);
  keep_common(others, own);
  if (own.empty() || !scored_the_same(own, others)) return std::nullopt;
  return bootstrap_difference(score_table(own, names), score_table(others, names), options);
}

}  // namespace mofi
