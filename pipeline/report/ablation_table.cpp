#include "report/ablation_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "report/cells.h"
#include "report/probing.h"
#include "report/systems.h"
#include "statistics/power.h"
#include "statistics/summary.h"

namespace mofi {
namespace {

/// What the paper reports between injection at its layer 1 and at its layer 6 on EMOPIA (arXiv 2512.17946):
/// the gap that an ablation of layers is to see.
constexpr double kPapersGap = 0.018;

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

std::string settings_text(const std::vector<std::string>& settings) {
  return fmt::format("{}", fmt::join(settings, " "));
}

/// What was scored: "294 clips of 96 songs (split song_level: test + valid)".
std::string scored_note(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  std::int64_t fewest = ablation.results.front().fewest_clips, most = 0;
  std::int64_t fewest_songs = static_cast<std::int64_t>(ablation.results.front().songs), most_songs = 0;
  for (const ArmResult& result : ablation.results) {
    fewest = std::min(fewest, result.fewest_clips);
    most = std::max(most, result.most_clips);
    fewest_songs = std::min(fewest_songs, static_cast<std::int64_t>(result.songs));
    most_songs = std::max(most_songs, static_cast<std::int64_t>(result.songs));
  }
  const Run& run = *named.runs.front();
  const std::string split = run.config.get("data.split");
  std::string text =
      fmt::format("Scored: {} clips of {} songs", counted(fewest, most), counted(fewest_songs, most_songs));
  if (!run.dataset.empty()) text += fmt::format(" of data set {}", run.dataset);
  if (!split.empty()) text += fmt::format(", split {}", split);
  text += fmt::format(", {}", fmt::join(ablation.splits, " + "));
  if (ablation.splits.size() > 1) text += " pooled";
  if (ablation.set.cross_validated) text += ", the folds of a seed pooled";
  text += "; a clip counts once, by the summed logits of its segments.";
  for (const auto& [name, digest] : run.inputs)
    text += fmt::format(" {}{} {:.12}.", static_cast<char>(std::toupper(static_cast<unsigned char>(name[0]))),
                        name.substr(1), digest);
  return text;
}

/// "seeds (1–5)"; where songs were dealt to folds in several ways, each is one more repetition.
std::string repetitions_text(const Ablation& ablation) {
  const std::vector<std::int64_t> seeds = all_seeds(ablation);
  if (ablation.divisions > 1)
    return fmt::format("{} repetitions, seeds in {} ways of dealing songs to folds", seeds.size(),
                       ablation.divisions);
  return fmt::format("seeds ({})", ranges(seeds));
}

std::string interval_note(const Ablation& ablation, const AblationOptions& options) {
  const bool one_seed = all_seeds(ablation).size() == 1;
  return fmt::format(
      "In %. {}. {}: interval of the number before it, by bootstrap over {} ({} resamples, bootstrap seed "
      "{}).",
      one_seed ? fmt::format("One seed ({})", all_seeds(ablation).front())
               : "Mean ± sample standard deviation over " + repetitions_text(ablation),
      level_text(options), one_seed ? "songs; what other seeds would give is not in it" : "songs and seeds",
      with_thousands(options.bootstrap.resamples), options.bootstrap.seed);
}

/// Sizes of the families that p is adjusted for: "constant 3, mode 13".
std::string family_sizes(const Ablation& ablation, const std::string& against) {
  std::map<std::string, std::size_t> sizes;
  for (const ArmComparison& c : ablation.comparisons)
    if (c.against == against) sizes[c.family_name] = c.family;
  std::vector<std::string> texts;
  for (const auto& [name, size] : sizes) texts.push_back(fmt::format("{} {}", name, size));
  constexpr std::size_t kNamed = 8;
  if (texts.size() > kNamed) {
    const std::size_t more = texts.size() - kNamed;
    texts.resize(kNamed);
    texts.push_back(fmt::format("{} more", more));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What p can be at least, by the number of resamples, in the largest family.
double least_p(const Ablation& ablation, const AblationOptions& options) {
  std::size_t family = 1;
  for (const ArmComparison& c : ablation.comparisons)
    if (c.against == settings_text(options.baseline)) family = std::max(family, c.family);
  return std::min(1.0, 2 * static_cast<double>(family) / (options.bootstrap.resamples + 1));
}

std::string difference_note(const Ablation& ablation, const AblationOptions& options) {
  if (!has_baseline(ablation)) {
    const auto settings = parse_settings(options.baseline);
    const bool exists = std::any_of(ablation.set.arms.begin(), ablation.set.arms.end(),
                                    [&](const Arm& arm) { return has_settings(arm, settings); });
    return fmt::format("No {}arm has {}, so there are no differences to a baseline.", exists ? "one " : "",
                       settings_text(options.baseline));
  }
  return fmt::format(
      "Difference: accuracy in percentage points to the baseline ({}), paired: the same seeds, songs and "
      "clips in both arms, drawn together; its interval is not corrected for the number of arms. p (Holm): "
      "the larger of the bootstrap's p and of the permutation of songs, adjusted over the sites of each "
      "condition ({}); "
      "so many resamples tell none below {}. All tests: comparisons.md.",
      settings_text(options.baseline), family_sizes(ablation, settings_text(options.baseline)),
      fmt::format("{:.1g}", least_p(ablation, options)));
}

std::vector<std::string> metric_notes(const Ablation& ablation) {
  std::vector<std::string> notes;
  if (!std::isnan(ablation.results.front().mode_agreement.mean))
    notes.push_back(
        "Valence = mode: how often the predicted valence is high for a major and low for a minor clip; clips "
        "of undefined mode are left out.");
  const auto scored = [](const ArmResult& r) { return r.row_accuracy.mean != r.accuracy.mean; };
  if (std::any_of(ablation.results.begin(), ablation.results.end(), scored))
    notes.push_back(
        "Clips of several rows: by rows, as MIDI-BERT scores, and by songs, accuracy is in scores.md.");
  return notes;
}

/// Design, rule 9: a table of a split that leaks says so.
std::vector<std::string> leak_notes(const NamedAblation& named) {
  if (named.runs.front()->config.get("data.split") != "midibert") return {};
  return {
      "Split midibert is MIDI-BERT's published split by clips: its parts share songs, so clips of songs seen "
      "in training are scored and accuracy on new songs is overstated."};
}

/// A neural row is read against what a simple classifier gets of the same clips.
std::vector<std::string> floor_notes(const Ablation& ablation) {
  const auto& arms = ablation.set.arms;
  if (std::all_of(arms.begin(), arms.end(), [](const Arm& arm) { return is_floor(arm.system); })) return {};
  std::vector<std::string> floors;
  double highest = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (!is_floor(arms[i].system)) continue;
    const double value = ablation.results[i].accuracy.mean;
    if (floors.empty() || value > highest) highest = value;
    floors.push_back(arms[i].system);
  }
  if (floors.empty())
    return {fmt::format(
        "Floors: these results hold no classifier without a network ({}) on these clips, which neural rows "
        "are to be read against.",
        fmt::join(classical_systems(), ", "))};
  return {fmt::format("Floors, classifiers without a network on the same clips: the highest is {} %.",
                      percent(highest))};
}

/// Design, rule 8: a best arm is named with its interval and n, and only when it is told apart from all
/// others.
std::string arm_with_numbers(const Ablation& ablation, std::size_t arm, const AblationOptions& options) {
  const ArmResult& result = ablation.results[arm];
  return fmt::format("{}, {} % ({} interval {}; {} clips, {} songs, {} seeds)",
                     label(ablation.set, ablation.set.arms[arm]), percent(result.accuracy.mean),
                     level_text(options), percent(result.accuracy_interval),
                     counted(result.fewest_clips, result.most_clips), result.songs, result.seeds.size());
}

std::vector<std::size_t> members(const Family& family) {
  std::vector<std::size_t> arms;
  for (std::size_t k = 0; k < family.in_set.size(); ++k)
    if (family.in_set[k]) arms.push_back(family.arms[k]);
  return arms;
}

std::string seeds_text(const Ablation& ablation, const Family& family) {
  if (ablation.divisions > 1) return plural(family.seeds.size(), "repetition");
  return (family.seeds.size() == 1 ? "seed " : "seeds ") + ranges(family.seeds);
}

std::vector<std::string> family_notes(const Ablation& ablation, const AblationOptions& options) {
  std::vector<std::string> notes;
  for (const Family& family : ablation.families) {
    const std::vector<std::size_t> set = members(family);
    if (set.empty()) continue;
    const std::size_t leader =
        *std::max_element(family.arms.begin(), family.arms.end(), [&](std::size_t a, std::size_t b) {
          return ablation.results[a].accuracy.mean < ablation.results[b].accuracy.mean;
        });
    notes.push_back(fmt::format(
        "P(best) of {}: chance of being the best of these {} arms, by joint resamples{}. Ahead is {}; {} of "
        "them "
        "cannot be told from the best.",
        family.name, family.arms.size(),
        family.seeds == all_seeds(ablation) ? "" : " of " + seeds_text(ablation, family),
        arm_with_numbers(ablation, leader, options), set.size()));
  }
  return notes;
}

/// What the paired design can see, from the variances that were seen.
std::vector<std::string> power_notes(const Ablation& ablation, const AblationOptions& options) {
  std::vector<double> gaps;
  std::vector<const ArmComparison*> comparisons;
  for (const ArmComparison& c : ablation.comparisons)
    if (c.against == settings_text(options.baseline) && is_midibert(ablation.set.arms[c.arm].system) &&
        !std::isnan(c.gap) && c.gap > 0)
      comparisons.push_back(&c);
  if (comparisons.empty()) return {};
  std::stable_sort(comparisons.begin(), comparisons.end(),
                   [](const ArmComparison* a, const ArmComparison* b) { return a->gap < b->gap; });
  const ArmComparison& median = *comparisons[comparisons.size() / 2];
  const VarianceParts& parts = median.of.parts;
  const double level = 1 - options.bootstrap.level;
  std::size_t family = 1;
  for (const ArmComparison* c : comparisons) family = std::max(family, c->family);

  std::string text = fmt::format(
      "Power: with {} and {}, a true difference of {} points to the baseline is seen with a chance of {:g} % "
      "at {:g} %{}",
      plural(parts.seed_count, ablation.divisions > 1 ? "repetition" : "seed"),
      plural(parts.song_count, "song"), percent(median.gap), options.power * 100, level * 100,
      comparisons.size() > 1 ? fmt::format(" (median of {} arms)", comparisons.size()) : "");
  if (family > 1)
    text += fmt::format(", of {} points if it is the first of {} comparisons",
                        percent(detectable_gap(parts, level / static_cast<double>(family), options.power)),
                        family);
  if (median.gap > kPapersGap) {
    const auto seeds = seeds_needed(parts, kPapersGap, level, options.power);
    const auto songs = songs_needed(parts, kPapersGap, level, options.power);
    text += fmt::format(
        ". The {} points that the paper reports between two layers would take {} or {}", percent(kPapersGap),
        seeds ? fmt::format("{} seeds on these songs", *seeds)
              : std::string("more songs than these, however many the seeds,"),
        songs ? fmt::format("{} songs with these seeds", with_thousands(static_cast<std::int64_t>(*songs)))
              : std::string("more seeds, however many the songs"));
  }
  return {text + "."};
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
  return first_few(std::move(notes), "folders that are left out");
}

/// How many runs there are of those that there should be, and what became of the others.
std::vector<std::string> run_notes(const Ablation& ablation, const RunSet& runs) {
  std::size_t missing = 0, failed = 0, collapsed = 0, failed_in_all = 0;
  for (const ArmResult& result : ablation.results) {
    missing += result.missing;
    failed += result.failed;
    collapsed += result.collapsed;
  }
  for (const SkippedRun& run : runs.skipped) failed_in_all += run.failed ? 1 : 0;
  std::vector<std::string> notes;
  if (missing > 0)
    notes.push_back(fmt::format(
        "Runs: \"4 of 5\" are finished runs of all seeds and folds that some arm has; {} missing, {} of them "
        "failed.",
        missing == 1 ? "1 is" : fmt::format("{} are", missing), failed));
  if (failed_in_all > failed)
    notes.push_back(
        fmt::format("{} failed in this results folder whose arm is not in this table or not told "
                    "by their names.",
                    plural(failed_in_all - failed, "run")));
  if (collapsed > 0)
    notes.push_back(
        fmt::format("{} one class for every clip; none is left out.",
                    collapsed == 1 ? "1 run predicts" : fmt::format("{} runs predict", collapsed)));
  return notes;
}

std::vector<std::string> published_notes(const NamedAblation& named, const AblationOptions& options) {
  if (options.published.empty()) return {};
  std::vector<std::string> elsewhere;
  std::set<std::string> sources;
  const std::string& dataset = named.runs.front()->dataset;
  for (const PublishedValue& value : options.published) {
    if (value.dataset != dataset) continue;
    sources.insert(value.source);
    const auto& arms = named.ablation.set.arms;
    if (std::none_of(arms.begin(), arms.end(), [&](const Arm& arm) { return is_of(value, arm); }))
      elsewhere.push_back(fmt::format("{} {}", value.name, published_cell(value)));
  }
  if (sources.empty()) return {fmt::format("No value is published for data set {}.", dataset)};
  std::vector<std::string> notes = {fmt::format(
      "Published: accuracy (F1) in %, as reported for the same system or arm in {}; on a split, seeds and a "
      "backbone that may be others than here.",
      fmt::join(sources, "; "))};
  if (!elsewhere.empty())
    notes.push_back(fmt::format("Published, and no row of this table: {}.", fmt::join(elsewhere, ", ")));
  return notes;
}

void append(std::vector<std::string>& notes, std::vector<std::string> more) {
  for (std::string& note : more) notes.push_back(std::move(note));
}

std::string runs_cell(const Arm& arm, const ArmResult& result) {
  const std::size_t done = arm.runs.size();
  std::string text =
      result.missing == 0 ? std::to_string(done) : fmt::format("{} of {}", done, done + result.missing);
  if (result.failed > 0) text += fmt::format(", {} failed", result.failed);
  return text;
}

const ArmComparison* difference_of(const Ablation& ablation, const ArmResult& result) {
  return result.difference ? &ablation.comparisons[*result.difference] : nullptr;
}

/// Which columns a table has beside those that all have.
struct Extra {
  bool published = false, best = false;
};

Extra extra_of(const Ablation& ablation, const AblationOptions& options) {
  Extra extra;
  extra.published = !options.published.empty();
  extra.best = !ablation.families.empty();
  return extra;
}

std::vector<Column> result_columns(const AblationOptions& options, const Extra& extra) {
  const std::string interval = level_text(options);
  std::vector<Column> columns = {{"runs"},     {"clips"},   {"songs"},   {"accuracy"},      {interval},
                                 {"macro-F1"}, {"valence"}, {"arousal"}, {"valence = mode"}};
  if (extra.published) columns.push_back({"published"});
  columns.insert(columns.end(), {{"difference"}, {interval}, {"p (Holm)"}});
  if (extra.best) columns.push_back({"P(best)"});
  return columns;
}

void add_results(std::vector<std::string>& row, const Ablation& ablation, std::size_t i, const Extra& extra) {
  const ArmResult& result = ablation.results[i];
  const ArmComparison* difference = difference_of(ablation, result);
  row.push_back(runs_cell(ablation.set.arms[i], result));
  row.push_back(counted(result.fewest_clips, result.most_clips));
  row.push_back(std::to_string(result.songs));
  row.push_back(percent(result.accuracy));
  row.push_back(percent(result.accuracy_interval));
  row.push_back(percent(result.macro_f1.mean));
  row.push_back(percent(result.valence_accuracy.mean));
  row.push_back(percent(result.arousal_accuracy.mean));
  row.push_back(percent(result.mode_agreement.mean));
  if (extra.published)
    row.push_back(result.published.empty() ? kNoValue : fmt::format("{}", fmt::join(result.published, ", ")));
  row.push_back(result.is_baseline ? "baseline"
                : difference       ? percent(difference->of.difference.value, "+")
                                   : kNoValue);
  row.push_back(difference ? percent(difference->of.difference.interval, "+") : kNoValue);
  row.push_back(difference ? p_cell(difference->holm) : kNoValue);
  if (extra.best) row.push_back(chance_cell(result.best));
}

std::vector<const std::vector<std::string>*> cells_of_arms(const ArmSet& set) {
  std::vector<const std::vector<std::string>*> cells;
  for (const Arm& arm : set.arms) cells.push_back(&arm.cells);
  return cells;
}

}  // namespace

std::string best_note(const Ablation& ablation, const AblationOptions& options) {
  const Family& contest = ablation.contest;
  const std::vector<std::size_t> set = members(contest);
  if (set.empty())
    return "No arm is called best: no two scored the same clips with the same seeds, on more than one song.";
  const auto upper_bound = parse_settings(options.upper_bound);
  const auto told = std::ranges::count_if(ablation.set.arms,
                                          [&](const Arm& arm) { return has_settings(arm, upper_bound); });
  const bool all = contest.arms.size() + static_cast<std::size_t>(told) == ablation.set.arms.size();
  std::string among = fmt::format("{} {} arms", all && told == 0 ? "all" : "the", contest.arms.size());
  if (told > 0) among += " that are not told the answer";
  if (contest.seeds != all_seeds(ablation) || !all)
    among += fmt::format("{} scored the same clips with {}", told > 0 ? " and" : " that",
                         seeds_text(ablation, contest));
  if (set.size() == 1)
    return fmt::format("Best: {}; it alone is in the model confidence set of {}.",
                       arm_with_numbers(ablation, set.front(), options), among);
  std::vector<std::string> names;
  for (const std::size_t arm : set) names.push_back(label(ablation.set, ablation.set.arms[arm]));
  constexpr std::size_t kNamed = 8;
  std::string text;
  if (names.size() > kNamed) {
    text = fmt::format(" and {} more", names.size() - kNamed);
    names.resize(kNamed);
  }
  return fmt::format(
      "No arm is called best: of {}, {} cannot be told from the best (model confidence set, {}): {}{}.",
      among, set.size(), level_text(options), fmt::join(names, "; "), text);
}

std::vector<std::size_t> baseline_first(const Ablation& ablation) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < ablation.results.size(); ++i) order.push_back(i);
  std::stable_partition(order.begin(), order.end(),
                        [&](std::size_t i) { return ablation.results[i].is_baseline; });
  return order;
}

Table ablation_table(const NamedAblation& named, const RunSet& runs, const AblationOptions& options) {
  const Ablation& ablation = named.ablation;
  const ArmSet& set = ablation.set;
  const Extra extra = extra_of(ablation, options);
  Table table;
  table.title = fmt::format("{}: {}, {}", named.name.empty() ? "Ablation" : named.name,
                            plural(set.arms.size(), "arm"), plural(named.runs.size(), "run"));
  table.columns = field_columns(set.names, cells_of_arms(set));
  for (Column& column : result_columns(options, extra)) table.columns.push_back(std::move(column));
  for (const std::size_t i : baseline_first(ablation)) {
    std::vector<std::string> row = set.arms[i].cells;
    add_results(row, ablation, i, extra);
    table.rows.push_back(std::move(row));
  }

  table.notes.push_back(scored_note(named));
  table.notes.push_back(interval_note(ablation, options));
  table.notes.push_back(difference_note(ablation, options));
  append(table.notes, metric_notes(ablation));
  append(table.notes, leak_notes(named));
  append(table.notes, floor_notes(ablation));
  if (set.arms.size() > 1) table.notes.push_back(best_note(ablation, options));
  append(table.notes, family_notes(ablation, options));
  append(table.notes, probing_notes(named, runs, options));
  append(table.notes, power_notes(ablation, options));
  append(table.notes, published_notes(named, options));
  append(table.notes, run_notes(ablation, runs));
  append(table.notes, first_few(ablation.gaps, "gaps"));
  if (named.name.empty()) append(table.notes, skipped_notes(runs));  // else under the table of all
  return table;
}

Table combined_table(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns,
                     const RunSet& runs, const AblationOptions& options) {
  Extra extra;
  std::size_t arms = 0;
  for (const NamedAblation& named : all) {
    const Extra own = extra_of(named.ablation, options);
    extra.published = extra.published || own.published;
    extra.best = extra.best || own.best;
    arms += named.ablation.set.arms.size();
  }
  const std::vector<std::string> fields = all_fields(all);
  Table table;
  table.title = fmt::format("All tables: {}, {}, {}", plural(all.size(), "table"), plural(arms, "arm"),
                            plural(runs.runs.size(), "run"));
  std::vector<std::vector<std::string>> heads;
  for (const NamedAblation& named : all)
    for (const std::size_t i : baseline_first(named.ablation)) {
      heads.push_back(named.parts);
      for (std::string& cell : cells_for(fields, named.ablation.set, named.ablation.set.arms[i]))
        heads.back().push_back(std::move(cell));
    }
  std::vector<const std::vector<std::string>*> cells;
  for (const auto& head : heads) cells.push_back(&head);
  std::vector<std::string> names = columns;
  for (std::string& name : short_names(fields)) names.push_back(std::move(name));
  table.columns = field_columns(names, cells);
  for (Column& column : result_columns(options, extra)) table.columns.push_back(std::move(column));
  std::size_t row = 0;
  for (const NamedAblation& named : all)
    for (const std::size_t i : baseline_first(named.ablation)) {
      table.rows.push_back(heads[row++]);
      add_results(table.rows.back(), named.ablation, i, extra);
    }

  table.notes.push_back(
      "Rows of one table scored the same clips; its differences, p and P(best) are within it, and nothing "
      "here "
      "compares one table with another. What their numbers are, and what is missing, is under each:");
  for (const NamedAblation& named : all)
    table.notes.push_back(fmt::format("tables/{}/ablation.md. {}", named.name, scored_note(named)));
  append(table.notes, skipped_notes(runs));
  return table;
}

Table comparison_table(const NamedAblation& named, const AblationOptions& options) {
  const Ablation& ablation = named.ablation;
  const ArmSet& set = ablation.set;
  const std::string interval = level_text(options);
  const bool mcnemar = std::any_of(ablation.comparisons.begin(), ablation.comparisons.end(),
                                   [](const ArmComparison& c) { return !std::isnan(c.mcnemar); });
  Table table;
  table.title = fmt::format("{}: {}", named.name.empty() ? "Comparisons" : named.name + ", comparisons",
                            plural(ablation.comparisons.size(), "pair"));
  table.columns = field_columns(set.names, cells_of_arms(set));
  table.columns.push_back({"against", Align::kLeft});
  for (const std::string& name :
       std::vector<std::string>{"seeds", "runs", "difference", interval, "p bootstrap", "p songs", "p (Holm)",
                                "p folds", "p folds (Holm)", "P(better)", "seen from"})
    table.columns.push_back({name});
  if (mcnemar) table.columns.push_back({"p McNemar"});
  for (const ArmComparison& c : ablation.comparisons) {
    std::vector<std::string> row = set.arms[c.arm].cells;
    row.push_back(label(set, set.arms[c.reference]));
    row.push_back(std::to_string(c.seeds.size()));
    row.push_back(std::to_string(c.runs));
    row.push_back(percent(c.of.difference.value, "+"));
    row.push_back(percent(c.of.difference.interval, "+"));
    for (const double p : {c.of.bootstrap_p, c.of.song_p, c.holm, c.of.corrected.p, c.holm_corrected})
      row.push_back(p_cell(p));
    row.push_back(chance_cell(c.of.improvement));
    row.push_back(percent(c.gap));
    if (mcnemar) row.push_back(p_cell(c.mcnemar));
    table.rows.push_back(std::move(row));
  }

  table.notes.push_back(scored_note(named));
  table.notes.push_back(
      fmt::format("Difference: accuracy in percentage points, paired: the same seeds, songs and clips in "
                  "both arms. {}: by "
                  "bootstrap over songs and seeds ({} resamples, bootstrap seed {}). p bootstrap: where that "
                  "interval would "
                  "touch 0.",
                  interval, with_thousands(options.bootstrap.resamples), options.bootstrap.seed));
  table.notes.push_back(
      "p songs: exact permutation of whole songs between the two arms, of these trained models. p (Holm): "
      "the "
      "larger of both, adjusted over the sites of each condition.");
  table.notes.push_back(
      ablation.set.cross_validated
          ? "p folds: Nadeau and Bengio's corrected t over seeds and folds, which alone allows for what "
            "other "
            "training sets would give and needs gaps two to three times as large; adjusted in the same way."
          : "p folds: Nadeau and Bengio's corrected t needs folds; there are none.");
  table.notes.push_back(fmt::format(
      "P(better): the chance that a run of the arm beats one of the other in the same fold. Seen from: the "
      "smallest difference that is seen with a chance of {:g} % at {:g} %, from the variances of this pair.",
      options.power * 100, (1 - options.bootstrap.level) * 100));
  if (mcnemar)
    table.notes.push_back(
        "p McNemar: exact, over clips as if no two were of one song, of one seed on one split.");
  append(table.notes, leak_notes(named));
  append(table.notes, first_few(ablation.gaps, "gaps"));
  return table;
}

Table confusion_table(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  const ArmSet& set = ablation.set;
  Table table;
  table.title = fmt::format("{}: of the clips of each label, in %, what was predicted",
                            named.name.empty() ? "Confusion" : named.name + ", confusion");
  table.columns = field_columns(set.names, cells_of_arms(set));
  table.columns.push_back({"label", Align::kLeft});
  table.columns.push_back({"clips"});
  int classes = 0;
  for (const ArmResult& result : ablation.results) classes = std::max(classes, result.confusion.classes);
  const bool quadrants = ablation.results.front().confusion.quadrants;
  const auto name = [&](int of) { return quadrants ? fmt::format("Q{}", of + 1) : std::to_string(of); };
  for (int of = 0; of < classes; ++of) table.columns.push_back({name(of)});
  for (const std::size_t i : baseline_first(ablation)) {
    const ConfusionMatrix& matrix = ablation.results[i].confusion;
    for (int of = 0; of < matrix.classes; ++of) {
      std::int64_t clips = 0;
      for (int predicted = 0; predicted < matrix.classes; ++predicted) clips += matrix.at(of, predicted);
      std::vector<std::string> row = set.arms[i].cells;
      row.push_back(name(of));
      row.push_back(std::to_string(clips));
      for (int predicted = 0; predicted < classes; ++predicted)
        row.push_back(
            clips == 0 || predicted >= matrix.classes
                ? kNoValue
                : percent(static_cast<double>(matrix.at(of, predicted)) / static_cast<double>(clips)));
      table.rows.push_back(std::move(row));
    }
  }
  table.notes.push_back("Clips are counted once a seed, and seeds are added. " + scored_note(named));
  return table;
}

}  // namespace mofi
