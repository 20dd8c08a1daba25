#include "report/ablation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "report/systems.h"
#include "report/unfinished.h"
#include "statistics/best.h"
#include "statistics/power.h"
#include "statistics/summary.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kCondition = "injection.condition";

template <class Metric>
Spread spread(const Pools& pools, Metric metric) {
  std::vector<double> values;
  for (const auto& [seed, pool] : pools) values.push_back(metric(pool));
  return {mean(values), sample_sd(values), interquartile_mean(values)};
}

double share(const UnitCount& units) {
  return units.scored == 0 ? kUndefined
                           : static_cast<double>(units.right) / static_cast<double>(units.scored);
}

/// Whether a run predicts one class for everything, though there is more than one.
bool has_collapsed(const Run& run) {
  return run.outcomes.size() > 1 && std::all_of(run.outcomes.begin(), run.outcomes.end(), [&](const auto& o) {
           return o.predicted == run.outcomes.front().predicted;
         });
}

ArmResult summarise(const Arm& arm, const Pools& pools, const AblationOptions& options) {
  ArmResult result;
  result.confusion = ConfusionMatrix(arm.runs.front()->classes, arm.runs.front()->quadrants);
  for (const auto& [seed, pool] : pools) {
    const std::int64_t clips = pool.scores.confusion.total();
    result.fewest_clips = result.seeds.empty() ? clips : std::min(result.fewest_clips, clips);
    result.most_clips = std::max(result.most_clips, clips);
    result.seeds.push_back(seed);
    result.confusion += pool.scores.confusion;
  }
  result.accuracy = spread(pools, [](const SeedPool& p) { return accuracy(p.scores.confusion); });
  result.macro_f1 = spread(pools, [](const SeedPool& p) { return macro_f1(p.scores.confusion); });
  result.weighted_f1 = spread(pools, [](const SeedPool& p) { return weighted_f1(p.scores.confusion); });
  result.valence_accuracy =
      spread(pools, [](const SeedPool& p) { return valence_accuracy(p.scores.confusion); });
  result.arousal_accuracy =
      spread(pools, [](const SeedPool& p) { return arousal_accuracy(p.scores.confusion); });
  result.mode_agreement = spread(pools, [](const SeedPool& p) { return mode_agreement(p.scores); });
  result.calibration_error =
      spread(pools, [](const SeedPool& p) { return expected_calibration_error(p.scores.calibration); });
  result.row_accuracy = spread(pools, [](const SeedPool& p) { return share(p.rows); });
  result.song_accuracy = spread(pools, [](const SeedPool& p) { return share(p.songs); });
  result.collapsed =
      is_floor(arm.system)
          ? 0
          : static_cast<std::size_t>(std::count_if(arm.runs.begin(), arm.runs.end(),
                                                   [](const Run* run) { return has_collapsed(*run); }));
  for (const PublishedValue& value : options.published)
    if (const std::string cell = published_cell(value);
        is_of(value, arm) &&
        std::find(result.published.begin(), result.published.end(), cell) == result.published.end())
      result.published.push_back(cell);
  result.best = kUndefined;
  return result;
}

/// Which songs were scored: the fold, and how songs were dealt to folds.
using FoldOf = std::pair<std::int64_t, std::int64_t>;
FoldOf fold_of(const Run& run) { return {run.division, run.fold.value_or(-1)}; }

/// Floors draw nothing at random, or next to nothing, and mostly have one seed, which then stands for all.
bool stands_for_all_seeds(const Arm& arm) {
  return is_floor(arm.system) && std::all_of(arm.runs.begin(), arm.runs.end(), [&](const Run* run) {
           return run->seed == arm.runs.front()->seed;
         });
}

/// Runs of two arms with the same fold and seed.
struct RunTwins {
  std::vector<SeededRun> of_arm, of_reference;  ///< in the same order
};

RunTwins twins_of(const Arm& arm, const Arm& reference) {
  const bool any_seed = stands_for_all_seeds(arm), any_of_reference = stands_for_all_seeds(reference);
  std::map<std::pair<std::int64_t, FoldOf>, const Run*> by_seed_and_fold;
  std::map<FoldOf, const Run*> by_fold;
  for (const Run* run : reference.runs) {
    by_seed_and_fold[{run->repetition, fold_of(*run)}] = run;
    if (any_of_reference) by_fold[fold_of(*run)] = run;
  }
  RunTwins twins;
  const auto add = [&](std::int64_t seed, const Run* run, const Run* other) {
    twins.of_arm.push_back({seed, run});
    twins.of_reference.push_back({seed, other});
  };
  for (const Run* run : arm.runs) {
    if (any_seed && !any_of_reference) {
      for (const Run* other : reference.runs)
        if (fold_of(*other) == fold_of(*run)) add(other->repetition, run, other);
    } else if (any_of_reference && !any_seed) {
      const auto other = by_fold.find(fold_of(*run));
      if (other != by_fold.end()) add(run->repetition, run, other->second);
    } else {
      const auto other = by_seed_and_fold.find({run->repetition, fold_of(*run)});
      if (other != by_seed_and_fold.end()) add(run->repetition, run, other->second);
    }
  }
  return twins;
}

/// Everything that is drawn anew for an interval, so that tables of one shape are resampled together.
class ResampleQueue {
 public:
  /// Keeps the table until `resample`; a number to ask for its draws by.
  std::size_t add(ScoreTable table) {
    tables_.push_back(std::move(table));
    return tables_.size() - 1;
  }
  const ScoreTable& table(std::size_t number) const { return tables_[number]; }
  std::vector<double>& draws(std::size_t number) { return draws_[number]; }

  void resample(const BootstrapOptions& options) {
    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::size_t>> by_shape;
    for (std::size_t i = 0; i < tables_.size(); ++i)
      by_shape[{tables_[i].songs.size(), tables_[i].seeds.size()}].push_back(i);
    draws_.resize(tables_.size());
    for (const auto& [shape, members] : by_shape) {
      std::vector<const ScoreTable*> tables;
      for (const std::size_t i : members) tables.push_back(&tables_[i]);
      auto draws = resampled_means(tables, options);
      for (std::size_t k = 0; k < members.size(); ++k) draws_[members[k]] = std::move(draws[k]);
    }
  }

 private:
  std::vector<ScoreTable> tables_;
  std::vector<std::vector<double>> draws_;
};

using Column = std::vector<double>;

Column scored_by(const ScoreTable& table, std::size_t seed) {
  Column scored;
  for (std::size_t song = 0; song < table.songs.size(); ++song)
    scored.push_back(table.scored[song * table.seeds.size() + seed]);
  return scored;
}

/// The table of some of its seeds; `column_of` says which of its columns a seed is.
template <class ColumnOf>
ScoreTable of_seeds(const ScoreTable& table, const std::vector<std::int64_t>& seeds, ColumnOf column_of) {
  ScoreTable part{seeds, table.songs, {}, {}};
  for (std::size_t song = 0; song < table.songs.size(); ++song)
    for (const std::int64_t seed : seeds) {
      const std::size_t cell = song * table.seeds.size() + column_of(seed);
      part.correct.push_back(table.correct[cell]);
      part.scored.push_back(table.scored[cell]);
    }
  return part;
}

/// Whether a field says where in the model something is done: what arms of one family may differ in.
bool is_of_layers(const std::string& field) {
  return section_of(field) == "injection" || field == "head.state";
}

/// "mode", "mode layers=2 hidden=64": the condition, and what is not of layers.
std::string family_of(const ArmSet& set, const Arm& arm) {
  if (is_floor(arm.system)) return "floors";
  if (!is_midibert(arm.system)) return "other systems";
  std::string name = arm.config.get(kCondition, kMidiBert);
  for (std::size_t i = 0; i < set.fields.size(); ++i)
    if (set.fields[i] != "system" && !is_of_layers(set.fields[i]) && arm.cells[i] != kNoValue)
      name += " " + set.names[i] + "=" + arm.cells[i];
  return name;
}

class Ablating {
 public:
  Ablating(const RunSet& all, const AblationOptions& options, Ablation& ablation)
      : all_(all), names_(all.names), options_(options), ablation_(ablation), set_(ablation.set) {}

  void operator()(const std::vector<const Run*>& runs, const RunSet& all) {
    for (const Run* run : runs)
      for (const std::string& split : scored_splits(*run, ablation_.scoring))
        if (std::find(ablation_.splits.begin(), ablation_.splits.end(), split) == ablation_.splits.end())
          ablation_.splits.push_back(split);
    count_missing();
    count_failed(all);
    for (const Arm& arm : set_.arms) {
      pools_.push_back(pool(seeded(arm.runs), names_, ablation_.scoring));
      ArmResult result = summarise(arm, pools_.back(), options_);
      tables_.push_back(queue_.add(score_table(pools_.back(), names_)));
      result.songs = queue_.table(tables_.back()).songs.size();
      result.missing = missing_[ablation_.results.size()];
      result.failed = failed_[ablation_.results.size()];
      ablation_.results.push_back(std::move(result));
    }
    pair(options_.baseline, true);
    for (const auto& control : options_.controls)
      if (control != options_.baseline) pair(control, false);
    line_up_contests();
    queue_.resample(options_.bootstrap);
    for (std::size_t i = 0; i < tables_.size(); ++i)
      ablation_.results[i].accuracy_interval =
          percentile_interval(queue_.draws(tables_[i]), options_.bootstrap.level);
    decide_contests();
    compare_all();
  }

 private:
  /// Seeds and folds that some arm of midibert has and another lacks; of other systems, whose seeds may be
  /// fewer, folds.
  void count_missing() {
    std::set<std::int64_t> folds, seeds;
    for (const Arm& arm : set_.arms)
      for (const Run* run : arm.runs) {
        folds.insert(run->fold.value_or(-1));
        if (is_midibert(arm.system)) seeds.insert(run->repetition);
      }
    for (const Arm& arm : set_.arms) {
      std::map<std::int64_t, std::set<std::int64_t>> by_seed;
      for (const Run* run : arm.runs) by_seed[run->repetition].insert(run->fold.value_or(-1));
      for (const auto& [seed, own] : by_seed) {
        std::vector<std::int64_t> missing;
        std::set_difference(folds.begin(), folds.end(), own.begin(), own.end(), std::back_inserter(missing));
        if (!missing.empty())
          ablation_.gaps.push_back(fmt::format("Incomplete: {}, {} has no finished run of fold {}.",
                                               label(set_, arm), seed_text(seed), fmt::join(missing, ", ")));
      }
      const std::size_t expected = (is_midibert(arm.system) ? seeds.size() : by_seed.size()) * folds.size();
      missing_.push_back(expected > arm.runs.size() ? expected - arm.runs.size() : 0);
    }
  }

  /// A failed run is of the arm whose runs are called as it is but for seed and fold, if there is just one.
  void count_failed(const RunSet& all) {
    failed_.assign(set_.arms.size(), 0);
    std::map<std::string, std::set<std::size_t>> arm_called;
    for (std::size_t i = 0; i < set_.arms.size(); ++i)
      for (const Run* run : set_.arms[i].runs) arm_called[arm_part_of(run->folder)].insert(i);
    for (const SkippedRun& run : all.skipped) {
      if (!run.failed) continue;
      const auto called = arm_called.find(arm_part_of(run.folder));
      if (called != arm_called.end() && called->second.size() == 1) ++failed_[*called->second.begin()];
    }
  }

  std::string seed_text(std::int64_t repetition) const {
    const RunSet::Repetition& one = all_.repetitions.at(repetition);
    return all_.divisions > 1 ? fmt::format("seed {} of division {}", one.seed, one.division)
                              : fmt::format("seed {}", one.seed);
  }

  void pair(const std::vector<std::string>& settings, bool is_baseline) {
    const auto references = find_baselines(set_, settings);
    for (std::size_t i = 0; i < set_.arms.size(); ++i) {
      if (!references[i]) continue;
      const std::size_t other = *references[i];
      if (is_baseline && other != i) ablation_.results[other].is_baseline = true;
      if (other == i || (!is_baseline && !is_told(set_.arms[i], settings))) continue;
      ArmComparison comparison;
      comparison.arm = i;
      comparison.reference = other;
      comparison.against = fmt::format("{}", fmt::join(settings, " "));
      if (!line_up(comparison)) {
        ablation_.gaps.push_back(
            fmt::format("Not compared: {} and {} share no seed with which both scored the same clips.",
                        label(set_, set_.arms[i]), label(set_, set_.arms[other])));
        continue;
      }
      const auto& seeds = ablation_.results[i].seeds;
      if (is_baseline && comparison.seeds.size() < seeds.size() && all_.divisions < 2 &&
          !stands_for_all_seeds(set_.arms[other]))
        ablation_.gaps.push_back(fmt::format("The difference of {} is over the seeds {} that {} has as well.",
                                             label(set_, set_.arms[i]), fmt::join(comparison.seeds, ", "),
                                             label(set_, set_.arms[other])));
      if (is_baseline) ablation_.results[i].difference = ablation_.comparisons.size();
      ablation_.comparisons.push_back(std::move(comparison));
    }
  }

  /// Controls are for arms that are told something else.
  bool is_told(const Arm& arm, const std::vector<std::string>& settings) const {
    if (!is_midibert(arm.system) || arm.config.get(kCondition) == "none") return false;
    const auto parsed = parse_settings(settings);
    return std::none_of(parsed.begin(), parsed.end(),
                        [&](const Setting& setting) {
                          return setting.path == kCondition && arm.config.get(kCondition) == setting.value;
                        }) &&
           std::none_of(options_.controls.begin(), options_.controls.end(),
                        [&](const auto& control) { return has_settings(arm, parse_settings(control)); });
  }

  /// Puts the difference into the queue. False when there is none.
  bool line_up(ArmComparison& comparison) {
    const Arm &arm = set_.arms[comparison.arm], &reference = set_.arms[comparison.reference];
    const RunTwins twins = twins_of(arm, reference);
    if (twins.of_arm.empty()) return false;
    const bool all = twins.of_arm.size() == arm.runs.size() && twins.of_arm.size() == reference.runs.size();
    Pools own, others;
    if (!all) {
      own = pool(twins.of_arm, names_, ablation_.scoring);
      others = pool(twins.of_reference, names_, ablation_.scoring);
    }
    const Pools &first = all ? pools_[comparison.arm] : own,
                &second = all ? pools_[comparison.reference] : others;
    if (!scored_the_same(first, second)) return false;
    for (const auto& [seed, scored] : first) comparison.seeds.push_back(seed);
    comparison.runs = twins.of_arm.size();

    Lined lined;
    lined.gain = queue_.add(gain_table(score_table(first, names_), score_table(second, names_)));
    std::map<FoldOf, std::int64_t> fold_number;
    for (std::size_t i = 0; i < twins.of_arm.size(); ++i)
      lined.runs.push_back(
          {fold_number.try_emplace(fold_of(*twins.of_arm[i].run), fold_number.size()).first->second,
           run_accuracy(*twins.of_arm[i].run, names_, ablation_.scoring),
           run_accuracy(*twins.of_reference[i].run, names_, ablation_.scoring)});
    comparison.mcnemar = kUndefined;
    if (first.size() == 1 && !ablation_.scoring.cross_validated) {
      std::int64_t only_first = 0, only_second = 0;
      const auto &a = first.begin()->second.clips, &b = second.begin()->second.clips;
      for (std::size_t i = 0; i < a.size(); ++i) {
        only_first += a[i].right && !b[i].right ? 1 : 0;
        only_second += b[i].right && !a[i].right ? 1 : 0;
      }
      comparison.mcnemar = mcnemar_p(only_first, only_second);
    }
    lined_.push_back(std::move(lined));
    return true;
  }

  /// Of k folds the ratio is 1 / (k - 1); what a published split trains on is not known here.
  double test_to_train(const Arm& arm) const {
    if (!ablation_.scoring.cross_validated) return kUndefined;
    const double folds = std::atof(arm.config.get("data.folds", "0").c_str());
    return folds >= 2 ? 1 / (folds - 1) : kUndefined;
  }

  void compare_all() {
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> families;
    for (std::size_t i = 0; i < ablation_.comparisons.size(); ++i) {
      ArmComparison& c = ablation_.comparisons[i];
      const Arm& arm = set_.arms[c.arm];
      c.of = compare(queue_.table(lined_[i].gain), std::move(queue_.draws(lined_[i].gain)),
                     options_.bootstrap.level, lined_[i].runs, test_to_train(arm));
      c.gap = detectable_gap(c.of.parts, 1 - options_.bootstrap.level, options_.power);
      c.family_name = family_of(set_, arm);
      families[{c.against, c.family_name}].push_back(i);
    }
    for (const auto& [name, members] : families) {
      std::vector<double> p, corrected;
      for (const std::size_t i : members) {
        p.push_back(ablation_.comparisons[i].of.p());
        corrected.push_back(ablation_.comparisons[i].of.corrected.p);
      }
      p = holm(p);
      corrected = holm(corrected);
      for (std::size_t k = 0; k < members.size(); ++k) {
        ArmComparison& c = ablation_.comparisons[members[k]];
        c.holm = p[k];
        c.holm_corrected = corrected[k];
        c.family = members.size();
      }
    }
  }

  struct Contest {
    Family family;
    std::vector<std::size_t> tables;  ///< in the queue
  };

  /// Lines these arms up on the seeds that all of them have in full. An arm that has fewer than half as many
  /// as another stays out, so that one that has just begun does not leave the others with a seed or two.
  Contest line_up_contest(std::string name, const std::vector<std::size_t>& arms) {
    Contest contest{{std::move(name), {}, {}, {}}, {}};
    const ScoreTable* widest = nullptr;
    Column full;
    for (const std::size_t arm : arms) {
      const ScoreTable& table = queue_.table(tables_[arm]);
      for (std::size_t seed = 0; seed < table.seeds.size(); ++seed) {
        Column scored = scored_by(table, seed);
        if (widest && std::accumulate(scored.begin(), scored.end(), 0.0) <=
                          std::accumulate(full.begin(), full.end(), 0.0))
          continue;
        widest = &table;
        full = std::move(scored);
      }
    }
    std::map<std::size_t, std::set<std::int64_t>> complete;  // seeds by arm
    std::size_t most = 0;
    for (const std::size_t arm : arms) {
      const ScoreTable& table = queue_.table(tables_[arm]);
      for (std::size_t seed = 0; seed < table.seeds.size(); ++seed)
        if (table.songs == widest->songs && scored_by(table, seed) == full)
          complete[arm].insert(table.seeds[seed]);
      if (!stands_for_all_seeds(set_.arms[arm])) most = std::max(most, complete[arm].size());
    }
    const bool only_floors = most == 0;
    std::optional<std::set<std::int64_t>> common;
    for (const auto& [arm, seeds] : complete) {
      const bool any = stands_for_all_seeds(set_.arms[arm]) && !only_floors;
      if (seeds.empty() || (!any && 2 * seeds.size() < most)) continue;
      contest.family.arms.push_back(arm);
      if (any) continue;
      std::set<std::int64_t> both = seeds;
      if (common) std::erase_if(both, [&](std::int64_t seed) { return common->count(seed) == 0; });
      common = std::move(both);
    }
    if (!common || common->empty()) {
      contest.family.arms.clear();
      return contest;
    }
    const std::vector<std::int64_t>& seeds = contest.family.seeds = {common->begin(), common->end()};
    std::erase_if(contest.family.arms, [&](std::size_t arm) {
      return std::any_of(seeds.begin(), seeds.end(),
                         [&](std::int64_t seed) { return !column_of(arm, seed); });
    });
    for (const std::size_t arm : contest.family.arms) {
      const ScoreTable& table = queue_.table(tables_[arm]);
      const bool as_it_is = table.seeds == seeds;
      ScoreTable part;
      if (!as_it_is) part = of_seeds(table, seeds, [&](std::int64_t seed) { return *column_of(arm, seed); });
      contest.tables.push_back(as_it_is ? tables_[arm] : queue_.add(std::move(part)));
    }
    return contest;
  }

  /// Where an arm's table has a seed; of a floor, where it has the same division into folds.
  std::optional<std::size_t> column_of(std::size_t arm, std::int64_t seed) const {
    const std::vector<std::int64_t>& own = queue_.table(tables_[arm]).seeds;
    const bool any = stands_for_all_seeds(set_.arms[arm]);
    std::optional<std::size_t> column;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i] == seed) return i;
      if (any && all_.repetitions.at(own[i]).division == all_.repetitions.at(seed).division) column = i;
    }
    return column;
  }

  void line_up_contests() {
    const auto upper_bound = parse_settings(options_.upper_bound);
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < set_.arms.size(); ++i)
      if (!has_settings(set_.arms[i], upper_bound)) candidates.push_back(i);
    contests_.push_back(line_up_contest("", candidates));
    std::map<std::string, std::vector<std::size_t>> families;
    for (std::size_t i = 0; i < set_.arms.size(); ++i)
      if (is_midibert(set_.arms[i].system)) families[family_of(set_, set_.arms[i])].push_back(i);
    for (const auto& [name, arms] : families)
      if (Contest contest = line_up_contest(name, arms); contest.family.arms.size() > 1)
        contests_.push_back(std::move(contest));
  }

  void decide(Family& family, const std::vector<std::size_t>& tables) {
    if (family.arms.size() < 2) return;
    std::vector<double> values;
    std::vector<std::vector<double>> draws;
    for (const std::size_t table : tables) {
      values.push_back(mean_accuracy(queue_.table(table)));
      draws.push_back(queue_.draws(table));
      if (draws.back().empty()) return;  // one song
    }
    family.in_set = confidence_set(values, draws, options_.bootstrap.level);
    if (family.name.empty()) return;
    const std::vector<double> chances = probability_of_best(draws);
    for (std::size_t k = 0; k < family.arms.size(); ++k) ablation_.results[family.arms[k]].best = chances[k];
  }

  void decide_contests() {
    for (Contest& contest : contests_) decide(contest.family, contest.tables);
    ablation_.contest = contests_.front().family;
    for (std::size_t i = 1; i < contests_.size(); ++i) ablation_.families.push_back(contests_[i].family);
  }

  struct Lined {
    std::size_t gain = 0;  ///< in the queue
    std::vector<RunPair> runs;
  };

  const RunSet& all_;
  const Names& names_;
  const AblationOptions& options_;
  Ablation& ablation_;
  const ArmSet& set_;
  std::vector<Pools> pools_;
  ResampleQueue queue_;
  std::vector<std::size_t> tables_;  ///< in the queue, of every arm
  std::vector<Contest> contests_;    ///< of all arms, then of the families
  std::vector<Lined> lined_;         ///< one a comparison
  std::vector<std::size_t> missing_, failed_;
};

}  // namespace

Ablation ablate(const std::vector<const Run*>& runs, const RunSet& all, const AblationOptions& options) {
  Ablation ablation;
  ablation.set = group_arms(runs);
  std::set<std::int64_t> divisions;
  for (const Run* run : runs)
    if (run->fold) divisions.insert(run->division);
  ablation.divisions = divisions.size();
  ablation.scoring = {options.splits, ablation.set.cross_validated};
  Ablating(all, options, ablation)(runs, all);
  return ablation;
}

}  // namespace mofi
