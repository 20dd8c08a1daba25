#include "report/ablation_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "statistics/scores.h"

namespace mofi {
namespace {

/// A fraction as percent: "58.4". Never "-0.0".
std::string percent(double fraction, const char* sign = "") {
  if (std::isnan(fraction)) return kNoValue;
  double value = std::round(fraction * 1000) / 10;
  if (value == 0) value = 0;  // minus zero
  return *sign == '+' ? fmt::format("{:+.1f}", value) : fmt::format("{:.1f}", value);
}

std::string percent(const Spread& spread) {
  if (std::isnan(spread.sd)) return percent(spread.mean);
  return percent(spread.mean) + " ± " + percent(spread.sd);
}

std::string percent(const Interval& interval, const char* sign = "") {
  if (std::isnan(interval.low)) return kNoValue;
  return percent(interval.low, sign) + " … " + percent(interval.high, sign);
}

std::string counted(std::int64_t fewest, std::int64_t most) {
  return fewest == most ? std::to_string(most) : fmt::format("{}–{}", fewest, most);
}

/// "1–5, 7": ascending numbers, runs of three and more shortened.
std::string ranges(const std::vector<std::int64_t>& ascending) {
  std::string text;
  for (std::size_t first = 0; first < ascending.size();) {
    std::size_t last = first;
    while (last + 1 < ascending.size() && ascending[last + 1] == ascending[last] + 1) ++last;
    if (last - first < 2) last = first;
    text += (text.empty() ? "" : ", ") + std::to_string(ascending[first]);
    if (last > first) text += "–" + std::to_string(ascending[last]);
    first = last + 1;
  }
  return text;
}

std::string with_thousands(int number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

/// The distinct values of a config field over arms, in order.
std::vector<std::string> values_of(const ArmSet& set, const std::string& path) {
  std::set<std::string> values;
  for (const Arm& arm : set.arms)
    if (const std::string value = arm.config.get(path); !value.empty()) values.insert(value);
  return {values.begin(), values.end()};
}

std::vector<std::size_t> baseline_first(const Ablation& ablation) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < ablation.results.size(); ++i) order.push_back(i);
  std::stable_partition(order.begin(), order.end(),
                        [&](std::size_t i) { return ablation.results[i].is_baseline; });
  return order;
}

bool has_baseline(const Ablation& ablation) {
  return std::any_of(ablation.results.begin(), ablation.results.end(),
                     [](const ArmResult& result) { return result.is_baseline; });
}

std::string level_text(const AblationOptions& options) {
  return fmt::format("{:g} %", options.bootstrap.level * 100);
}

std::vector<std::int64_t> all_seeds(const Ablation& ablation) {
  std::set<std::int64_t> seeds;
  for (const ArmResult& result : ablation.results) seeds.insert(result.seeds.begin(), result.seeds.end());
  return {seeds.begin(), seeds.end()};
}

/// What was scored: "294 clips of 96 songs (split song_level: test + valid)".
std::string scored_note(const Ablation& ablation, const RunSet& runs) {
  std::int64_t fewest = ablation.results.front().fewest_clips, most = 0;
  std::int64_t fewest_songs = static_cast<std::int64_t>(ablation.results.front().songs), most_songs = 0;
  for (const ArmResult& result : ablation.results) {
    fewest = std::min(fewest, result.fewest_clips);
    most = std::max(most, result.most_clips);
    fewest_songs = std::min(fewest_songs, static_cast<std::int64_t>(result.songs));
    most_songs = std::max(most_songs, static_cast<std::int64_t>(result.songs));
  }
  std::set<std::string> data_sets;
  for (const Run& run : runs.runs)
    if (!run.dataset.empty()) data_sets.insert(run.dataset);
  const auto splits = values_of(ablation.set, "data.split");
  std::string text =
      fmt::format("Scored: {} clips of {} songs", counted(fewest, most), counted(fewest_songs, most_songs));
  if (!data_sets.empty()) text += fmt::format(" of data set {}", fmt::join(data_sets, ", "));
  if (!splits.empty()) text += fmt::format(", split {}", fmt::join(splits, ", "));
  text += fmt::format(", {}", fmt::join(ablation.splits, " + "));
  if (ablation.splits.size() > 1) text += " pooled";
  if (ablation.set.cross_validated) text += ", the folds of a seed pooled";
  text += "; a clip counts once, by the summed logits of its segments.";
  const auto& inputs = runs.runs.front().inputs;
  if (const auto tokens = inputs.find("tokens"); tokens != inputs.end())
    text += fmt::format(" Tokens {:.12}.", tokens->second);
  return text;
}

std::vector<std::string> method_notes(const Ablation& ablation, const AblationOptions& options) {
  const std::vector<std::int64_t> seeds = all_seeds(ablation);
  std::vector<std::string> notes;
  const bool one_seed = seeds.size() == 1;
  notes.push_back(fmt::format(
      "In %. {} ({}). {}: interval of the number before it, by percentile bootstrap, {} resamples of {} "
      "(bootstrap "
      "seed {}).",
      one_seed ? "One seed" : "Mean ± sample standard deviation over seeds", ranges(seeds),
      level_text(options), with_thousands(options.bootstrap.resamples),
      one_seed ? "songs; what other seeds would give is not in it" : "songs and, independently, of seeds",
      options.bootstrap.seed));
  if (has_baseline(ablation))
    notes.push_back(
        fmt::format("Difference: accuracy in percentage points to the baseline ({}), paired: the same seeds, "
                    "songs and clips in "
                    "both arms, drawn together. Intervals are not corrected for the number of arms.",
                    fmt::join(options.baseline, " ")));
  else
    notes.push_back(fmt::format("No arm has {}, so there are no differences to a baseline.",
                                fmt::join(options.baseline, " ")));
  if (!std::isnan(ablation.results.front().mode_agreement.mean))
    notes.push_back(
        "Valence = mode: how often the predicted valence is high for a major and low for a minor clip; clips "
        "of "
        "undefined mode are left out.");
  return notes;
}

/// Design, rule 9: a table of a split that leaks says so.
std::vector<std::string> leak_notes(const Ablation& ablation) {
  const auto splits = values_of(ablation.set, "data.split");
  if (std::find(splits.begin(), splits.end(), "midibert") == splits.end()) return {};
  return {
      "Split midibert is MIDI-BERT's published split by clips: its parts share songs, so clips of songs seen "
      "in "
      "training are scored and accuracy on new songs is overstated."};
}

/// Design, rule 8: a best arm is named with its interval and n, and only when it is told apart from all
/// others.
std::string best_note(const Ablation& ablation, const AblationOptions& options) {
  if (!ablation.best)
    return "No arm is called best: the paired intervals do not tell the leading one apart from every other.";
  const ArmResult& best = ablation.results[*ablation.best];
  return fmt::format(
      "Best: {}, {} % ({} interval {}; {} clips, {} songs, {} seeds); its paired lead over every other arm "
      "lies above "
      "0, Bonferroni-corrected for {} comparisons.",
      label(ablation.set, ablation.set.arms[*ablation.best]), percent(best.accuracy.mean),
      level_text(options), percent(best.accuracy_interval), counted(best.fewest_clips, best.most_clips),
      best.songs, best.seeds.size(), ablation.results.size() - 1);
}

std::vector<Column> field_columns(const std::vector<std::string>& names, const ArmSet& set) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool numbers = std::all_of(set.arms.begin(), set.arms.end(), [i](const Arm& arm) {
      return arm.cells[i] == kNoValue ||
             arm.cells[i].find_first_not_of("0123456789.-+e") == std::string::npos;
    });
    columns.push_back({names[i], numbers ? Align::kRight : Align::kLeft});
  }
  return columns;
}

/// A line for every reason: of a results folder with several sweeps, most runs have the same one.
std::vector<std::string> skipped_notes(const RunSet& runs) {
  std::vector<std::string> notes;
  std::map<std::string, int> times;
  for (const SkippedRun& skipped : runs.skipped) ++times[skipped.reason];
  for (const SkippedRun& skipped : runs.skipped) {
    const int count = std::exchange(times[skipped.reason], 0);
    if (count > 0)
      notes.push_back(
          fmt::format("Left out: {}{}.", skipped.reason, count > 1 ? fmt::format(" ({} runs)", count) : ""));
  }
  return notes;
}

}  // namespace

std::string fraction_cell(double value) {
  if (std::isnan(value)) return "";
  return fmt::format("{:.6f}", value == 0 ? 0.0 : value);
}

Table ablation_table(const Ablation& ablation, const RunSet& runs, const AblationOptions& options) {
  const ArmSet& set = ablation.set;
  const std::string interval = level_text(options);
  const auto plural = [](std::size_t n, const std::string& one) {
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
  };
  Table table;
  table.title =
      fmt::format("Ablation: {}, {}", plural(set.arms.size(), "arm"), plural(runs.runs.size(), "run"));
  table.columns = field_columns(set.names, set);
  for (const char* name : {"runs", "clips", "songs", "accuracy"}) table.columns.push_back({name});
  table.columns.push_back({interval});
  for (const char* name : {"macro-F1", "valence", "arousal", "valence = mode", "difference"})
    table.columns.push_back({name});
  table.columns.push_back({interval});

  for (const std::size_t i : baseline_first(ablation)) {
    const Arm& arm = set.arms[i];
    const ArmResult& result = ablation.results[i];
    std::vector<std::string> row = arm.cells;
    row.push_back(std::to_string(arm.runs.size()));
    row.push_back(counted(result.fewest_clips, result.most_clips));
    row.push_back(std::to_string(result.songs));
    row.push_back(percent(result.accuracy));
    row.push_back(percent(result.accuracy_interval));
    row.push_back(percent(result.macro_f1.mean));
    row.push_back(percent(result.valence_accuracy.mean));
    row.push_back(percent(result.arousal_accuracy.mean));
    row.push_back(percent(result.mode_agreement.mean));
    row.push_back(result.is_baseline  ? "baseline"
                  : result.difference ? percent(result.difference->accuracy.value, "+")
                                      : kNoValue);
    row.push_back(result.difference ? percent(result.difference->accuracy.interval, "+") : kNoValue);
    table.rows.push_back(std::move(row));
  }

  table.notes.push_back(scored_note(ablation, runs));
  for (std::string& note : method_notes(ablation, options)) table.notes.push_back(std::move(note));
  for (std::string& note : leak_notes(ablation)) table.notes.push_back(std::move(note));
  if (set.arms.size() > 1) table.notes.push_back(best_note(ablation, options));
  for (const std::string& gap : ablation.gaps) table.notes.push_back(gap);
  for (std::string& note : skipped_notes(runs)) table.notes.push_back(std::move(note));
  return table;
}

Table ablation_numbers(const Ablation& ablation) {
  const ArmSet& set = ablation.set;
  Table table;
  table.columns = field_columns(set.fields, set);
  for (const char* name : {"runs",
                           "seeds",
                           "clips",
                           "songs",
                           "accuracy_mean",
                           "accuracy_sd",
                           "accuracy_low",
                           "accuracy_high",
                           "macro_f1_mean",
                           "macro_f1_sd",
                           "weighted_f1_mean",
                           "weighted_f1_sd",
                           "valence_accuracy_mean",
                           "valence_accuracy_sd",
                           "arousal_accuracy_mean",
                           "arousal_accuracy_sd",
                           "mode_agreement_mean",
                           "mode_agreement_sd",
                           "is_baseline",
                           "difference",
                           "difference_low",
                           "difference_high",
                           "difference_seeds"})
    table.columns.push_back({name});

  for (const std::size_t i : baseline_first(ablation)) {
    const ArmResult& result = ablation.results[i];
    std::vector<std::string> row;
    for (const std::string& cell : set.arms[i].cells) row.push_back(cell == kNoValue ? "" : cell);
    row.push_back(std::to_string(set.arms[i].runs.size()));
    row.push_back(std::to_string(result.seeds.size()));
    row.push_back(std::to_string(result.most_clips));
    row.push_back(std::to_string(result.songs));
    row.push_back(fraction_cell(result.accuracy.mean));
    row.push_back(fraction_cell(result.accuracy.sd));
    row.push_back(fraction_cell(result.accuracy_interval.low));
    row.push_back(fraction_cell(result.accuracy_interval.high));
    for (const Spread* spread : {&result.macro_f1, &result.weighted_f1, &result.valence_accuracy,
                                 &result.arousal_accuracy, &result.mode_agreement}) {
      row.push_back(fraction_cell(spread->mean));
      row.push_back(fraction_cell(spread->sd));
    }
    row.push_back(result.is_baseline ? "1" : "0");
    if (result.difference) {
      row.push_back(fraction_cell(result.difference->accuracy.value));
      row.push_back(fraction_cell(result.difference->accuracy.interval.low));
      row.push_back(fraction_cell(result.difference->accuracy.interval.high));
      row.push_back(std::to_string(result.difference->seeds.size()));
    } else {
      row.insert(row.end(), 4, "");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace mofi
