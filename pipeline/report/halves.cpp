#include "report/halves.h"

#include <set>
#include <tuple>

#include "statistics/metrics.h"

namespace mofi {
namespace {

/// Of the first arm's runs, those that a run of the other goes with: same seed, same fold.
Arm paired_with(const Arm& arm, const Arm& other) {
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> there;
  const auto key = [](const Run& run) {
    return std::tuple(run.repetition, run.division, run.fold.value_or(-1));
  };
  for (const Run* run : other.runs) there.insert(key(*run));
  Arm paired = arm;
  std::erase_if(paired.runs, [&](const Run* run) { return !there.contains(key(*run)); });
  return paired;
}

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

}  // namespace

std::optional<Estimate> half_accuracy(const Arm& arm, Half half, const Names& names, const Scoring& scoring,
                                      const BootstrapOptions& options) {
  if (!all_quadrants(arm)) return std::nullopt;
  return bootstrap_accuracy(score_table(halved(arm, half, names, scoring), names), options);
}

std::optional<Estimate> half_difference(const Arm& arm, const Arm& reference, Half half, const Names& names,
                                        const Scoring& scoring, const BootstrapOptions& options) {
  if (!all_quadrants(arm) || !all_quadrants(reference)) return std::nullopt;
  const Pools own = halved(paired_with(arm, reference), half, names, scoring),
              others = halved(paired_with(reference, arm), half, names, scoring);
  if (own.empty() || !scored_the_same(own, others)) return std::nullopt;
  return bootstrap_difference(score_table(own, names), score_table(others, names), options);
}

}  // namespace mofi
