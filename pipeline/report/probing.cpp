#include "report/probing.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "report/cells.h"
#include "statistics/best.h"

namespace mofi {
namespace {

constexpr const char* kState = "head.state";

/// What the probes of a family scored on one part of the split.
struct Scored {
  std::vector<ScoreTable> tables;  ///< one a state
  std::vector<std::int64_t> clips;
};

Scored score_on(const std::string& part, const Family& family, const Ablation& ablation, const Names& names) {
  Scored scored;
  for (const std::size_t arm : family.arms) {
    const Pools pools = pool(seeded(ablation.set.arms[arm].runs), names, {{part}, false});
    scored.tables.push_back(score_table(pools, names));
    scored.clips.push_back(pools.empty() ? 0 : static_cast<std::int64_t>(pools.begin()->second.clips.size()));
  }
  return scored;
}

bool is_comparable(const Scored& scored) {
  return !scored.tables.front().songs.empty() && std::ranges::all_of(scored.tables, [&](const auto& table) {
    return same_shape(table, scored.tables.front());
  });
}

/// The state that is lowest (`sign` -1) or highest on valid.
std::string sentence(const char* what, double sign, const Family& family, const Ablation& ablation,
                     const Scored& valid, const Scored& test, const AblationOptions& options) {
  std::vector<const ScoreTable*> tables;
  std::vector<double> values;
  for (const ScoreTable& table : valid.tables) {
    tables.push_back(&table);
    values.push_back(sign * mean_accuracy(table));
  }
  std::vector<std::vector<double>> draws = resampled_means(tables, options.bootstrap);
  for (std::vector<double>& of_state : draws)
    for (double& draw : of_state) draw *= sign;
  const auto chosen = static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
  const auto state = [&](std::size_t k) { return ablation.set.arms[family.arms[k]].config.get(kState); };
  std::string certainty;
  if (!draws.front().empty()) {
    const std::vector<bool> in_set = confidence_set(values, draws, options.bootstrap.level);
    std::vector<std::string> others;
    for (std::size_t k = 0; k < in_set.size(); ++k)
      if (in_set[k] && k != chosen) others.push_back(state(k));
    certainty =
        fmt::format("; the chance that it is, {}; {}", chance_cell(probability_of_best(draws)[chosen]),
                    others.empty() ? "all others can be told from it"
                                   : fmt::format("not to be told from it: {}", fmt::join(others, ", ")));
  }
  const Estimate on_test = bootstrap_accuracy(test.tables[chosen], options.bootstrap);
  return fmt::format(
      "{} of {}: state {} of {}, chosen on valid ({} %, {} clips{}). On test it scores {} % ({:g} "
      "% interval {}; {} clips, {} songs, {}).",
      what, family.name, state(chosen), valid.tables.size(), percent(sign * values[chosen]),
      valid.clips[chosen], certainty, percent(on_test.value), options.bootstrap.level * 100,
      percent(on_test.interval), test.clips[chosen], test.tables[chosen].songs.size(),
      plural(test.tables[chosen].seeds.size(), "seed"));
}

bool probes_states(const Family& family, const Ablation& ablation) {
  std::set<std::string> states;
  for (const std::size_t arm : family.arms) states.insert(ablation.set.arms[arm].config.get(kState));
  return states.size() > 1 && states.size() == family.arms.size() && !states.contains("-1");
}

}  // namespace

std::vector<std::string> probing_notes(const NamedAblation& named, const RunSet& runs,
                                       const AblationOptions& options) {
  std::vector<std::string> notes;
  for (const Family& family : named.ablation.families) {
    if (!probes_states(family, named.ablation)) continue;
    const Scored valid = score_on("valid", family, named.ablation, runs.names),
                 test = score_on("test", family, named.ablation, runs.names);
    if (!is_comparable(valid) || !is_comparable(test)) {
      notes.push_back(fmt::format(
          "Least and most of {}: not chosen, as its probes were not all scored on a valid part to choose on "
          "and a test part to report (data.evaluate: [valid, test], and a split that has both).",
          family.name));
      continue;
    }
    notes.push_back(sentence("Least", -1, family, named.ablation, valid, test, options));
    notes.push_back(sentence("Most", 1, family, named.ablation, valid, test, options));
  }
  return notes;
}

}  // namespace mofi
