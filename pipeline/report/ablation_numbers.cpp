// Tables to compute with.

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "report/ablation_table.h"
#include "report/cells.h"

namespace mofi {
namespace {

constexpr std::pair<const char*, Spread ArmResult::*> kMetrics[] = {
    {"accuracy", &ArmResult::accuracy},
    {"macro_f1", &ArmResult::macro_f1},
    {"weighted_f1", &ArmResult::weighted_f1},
    {"valence_accuracy", &ArmResult::valence_accuracy},
    {"arousal_accuracy", &ArmResult::arousal_accuracy},
    {"mode_agreement", &ArmResult::mode_agreement},
    {"row_accuracy", &ArmResult::row_accuracy},
    {"song_accuracy", &ArmResult::song_accuracy},
    {"calibration_error", &ArmResult::calibration_error}};

/// What tells rows apart: the group, where there are several, and config fields.
struct Head {
  Head(const std::vector<NamedAblation>& all, const std::vector<std::string>& parts)
      : fields(all_fields(all)) {
    for (std::string name : parts) {
      std::replace(name.begin(), name.end(), ' ', '_');
      columns.push_back({name});
    }
    for (const std::string& field : fields) columns.push_back({field});
  }
  std::vector<std::string> row(const NamedAblation& named, std::size_t arm) const {
    std::vector<std::string> cells = named.parts;
    for (const std::string& cell : cells_for(fields, named.ablation.set, named.ablation.set.arms[arm]))
      cells.push_back(csv_text(cell));
    return cells;
  }
  std::vector<std::string> fields;
  std::vector<Column> columns;
};

void add_columns(Table& table, std::initializer_list<const char*> names) {
  for (const char* name : names) table.columns.push_back({name});
}

}  // namespace

std::vector<std::string> all_fields(const std::vector<NamedAblation>& all) {
  std::vector<std::string> fields;
  for (const NamedAblation& named : all)
    for (const std::string& field : named.ablation.set.fields)
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
  // The system is first, where one table has several.
  std::stable_partition(fields.begin(), fields.end(),
                        [](const std::string& field) { return field == "system"; });
  return fields;
}

std::vector<std::string> cells_for(const std::vector<std::string>& fields, const ArmSet& set,
                                   const Arm& arm) {
  std::vector<std::string> cells;
  for (const std::string& field : fields) {
    const auto own = std::find(set.fields.begin(), set.fields.end(), field);
    // A field in which other groups' arms differ has one value here.
    std::string cell = own != set.fields.end() ? arm.cells[static_cast<std::size_t>(own - set.fields.begin())]
                                               : arm.config.get(field, kNoValue);
    cells.push_back(cell.empty() ? kNoValue : std::move(cell));
  }
  return cells;
}

Table ablation_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns) {
  const Head head(all, columns);
  Table table;
  table.columns = head.columns;
  add_columns(table, {"runs", "runs_missing", "runs_failed", "runs_collapsed", "seeds", "clips", "songs"});
  for (const auto& [name, metric] : kMetrics) {
    table.columns.push_back({fmt::format("{}_mean", name)});
    table.columns.push_back({fmt::format("{}_sd", name)});
    if (metric == &ArmResult::accuracy) add_columns(table, {"accuracy_iqm", "accuracy_low", "accuracy_high"});
  }
  add_columns(table, {"is_baseline", "difference", "difference_low", "difference_high", "difference_seeds",
                      "p_holm", "p_folds_holm", "p_best", "published"});
  for (const NamedAblation& named : all)
    for (const std::size_t i : baseline_first(named.ablation)) {
      const ArmResult& result = named.ablation.results[i];
      std::vector<std::string> row = head.row(named, i);
      for (const std::size_t count : {named.ablation.set.arms[i].runs.size(), result.missing, result.failed,
                                      result.collapsed, result.seeds.size()})
        row.push_back(std::to_string(count));
      row.push_back(std::to_string(result.most_clips));
      row.push_back(std::to_string(result.songs));
      for (const auto& [name, metric] : kMetrics) {
        const Spread& spread = result.*metric;
        row.push_back(fraction_cell(spread.mean));
        row.push_back(fraction_cell(spread.sd));
        if (metric != &ArmResult::accuracy) continue;
        row.push_back(fraction_cell(spread.iqm));
        row.push_back(fraction_cell(result.accuracy_interval.low));
        row.push_back(fraction_cell(result.accuracy_interval.high));
      }
      row.push_back(result.is_baseline ? "1" : "0");
      if (result.difference) {
        const ArmComparison& c = named.ablation.comparisons[*result.difference];
        row.push_back(fraction_cell(c.of.difference.value));
        row.push_back(fraction_cell(c.of.difference.interval.low));
        row.push_back(fraction_cell(c.of.difference.interval.high));
        row.push_back(std::to_string(c.seeds.size()));
        row.push_back(number_cell(c.holm));
        row.push_back(number_cell(c.holm_corrected));
      } else {
        row.insert(row.end(), 6, "");
      }
      row.push_back(fraction_cell(result.best));
      std::string published;
      for (const std::string& value : result.published) published += (published.empty() ? "" : ", ") + value;
      row.push_back(published);
      table.rows.push_back(std::move(row));
    }
  return table;
}

Table comparison_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns) {
  const Head head(all, columns);
  Table table;
  table.columns = head.columns;
  add_columns(table,
              {"against",         "seeds",           "runs",           "difference",     "difference_low",
               "difference_high", "p_bootstrap",     "p_songs",        "p_holm",         "family",
               "t_folds",         "t_folds_degrees", "p_folds",        "p_folds_holm",   "p_better",
               "p_mcnemar",       "variance_songs",  "variance_seeds", "variance_noise", "seen_from"});
  for (const NamedAblation& named : all)
    for (const ArmComparison& c : named.ablation.comparisons) {
      std::vector<std::string> row = head.row(named, c.arm);
      row.push_back(label(named.ablation.set, named.ablation.set.arms[c.reference]));
      row.push_back(std::to_string(c.seeds.size()));
      row.push_back(std::to_string(c.runs));
      for (const double value :
           {c.of.difference.value, c.of.difference.interval.low, c.of.difference.interval.high})
        row.push_back(fraction_cell(value));
      for (const double p : {c.of.bootstrap_p, c.of.song_p, c.holm}) row.push_back(number_cell(p));
      row.push_back(std::to_string(c.family));
      for (const double value :
           {c.of.corrected.t, c.of.corrected.degrees, c.of.corrected.p, c.holm_corrected, c.of.improvement,
            c.mcnemar, c.of.parts.songs, c.of.parts.seeds, c.of.parts.noise, c.gap})
        row.push_back(number_cell(value));
      table.rows.push_back(std::move(row));
    }
  return table;
}

Table confusion_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns) {
  const Head head(all, columns);
  Table table;
  table.columns = head.columns;
  add_columns(table, {"label", "predicted", "clips"});
  for (const NamedAblation& named : all)
    for (const std::size_t i : baseline_first(named.ablation)) {
      const ConfusionMatrix& matrix = named.ablation.results[i].confusion;
      for (int of = 0; of < matrix.classes; ++of)
        for (int predicted = 0; predicted < matrix.classes; ++predicted) {
          std::vector<std::string> row = head.row(named, i);
          row.push_back(std::to_string(of));
          row.push_back(std::to_string(predicted));
          row.push_back(std::to_string(matrix.at(of, predicted)));
          table.rows.push_back(std::move(row));
        }
    }
  return table;
}

}  // namespace mofi
