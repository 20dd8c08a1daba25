#include "report/runs_csv.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "report/cells.h"
#include "statistics/scores.h"

namespace mofi {
namespace {

constexpr std::array kMetrics = {
    "clips", "accuracy", "macro_f1", "weighted_f1", "valence_accuracy", "arousal_accuracy", "mode_agreement"};

Scores score_splits(const Run& run, const Names& names, const std::vector<std::string>& splits) {
  Scores scores(ConfusionMatrix(run.classes, run.quadrants));
  for (const PieceOutcome& outcome : run.outcomes)
    if (std::find(splits.begin(), splits.end(), names.name(outcome.split)) != splits.end())
      scores.add(outcome.label, outcome.predicted, static_cast<double>(outcome.confidence), outcome.mode);
  return scores;
}

void add_metrics(std::vector<std::string>& row, const Scores& scores) {
  row.push_back(std::to_string(scores.confusion.total()));
  for (const double value :
       {accuracy(scores.confusion), macro_f1(scores.confusion), weighted_f1(scores.confusion),
        valence_accuracy(scores.confusion), arousal_accuracy(scores.confusion), mode_agreement(scores)})
    row.push_back(fraction_cell(value));
}

}  // namespace

Table runs_table(const RunSet& runs, const std::vector<NamedAblation>& all) {
  std::set<std::string> splits, inputs;
  for (const Run& run : runs.runs) {
    std::set<std::uint32_t> own;
    for (const PieceOutcome& outcome : run.outcomes) own.insert(outcome.split);
    for (const std::uint32_t split : own) splits.insert(runs.names.name(split));
    for (const auto& [name, digest] : run.inputs) inputs.insert(name);
  }
  struct Place {
    const NamedAblation* table;
    const Arm* arm;
  };
  std::map<const Run*, std::vector<Place>> places;
  for (const NamedAblation& named : all)
    for (const Arm& arm : named.ablation.set.arms)
      for (const Run* run : arm.runs) places[run].push_back({&named, &arm});
  const std::vector<std::string> fields = all_fields(all);

  Table table;
  table.columns.push_back({"run_id"});
  if (all.size() > 1) table.columns.push_back({"tables"});
  for (const std::string& field : fields) table.columns.push_back({field});
  table.columns.insert(table.columns.end(), {{"seed"}, {"fold"}});
  if (runs.divisions > 1) table.columns.push_back({"fold_seed"});
  for (const std::string& split : splits)
    for (const char* metric : kMetrics) table.columns.push_back({split + "_" + metric});
  table.columns.push_back({"pooled_splits"});
  for (const char* metric : kMetrics) table.columns.push_back({std::string("pooled_") + metric});
  table.columns.push_back({"predictions_sha256"});
  for (const std::string& input : inputs) table.columns.push_back({input + "_sha256"});
  table.columns.push_back({"producer"});

  for (const Run& run : runs.runs) {
    const std::vector<Place>& own = places.at(&run);
    std::vector<std::string> row = {run.id};
    if (all.size() > 1) {
      std::vector<std::string> names;
      for (const Place& place : own) names.push_back(place.table->name);
      row.push_back(fmt::format("{}", fmt::join(names, " ")));
    }
    const Place& place = own.front();
    for (const std::string& cell : cells_for(fields, place.table->ablation.set, *place.arm))
      row.push_back(csv_text(cell));
    row.push_back(std::to_string(run.seed));
    row.push_back(run.fold ? std::to_string(*run.fold) : "");
    if (runs.divisions > 1) row.push_back(run.fold ? std::to_string(run.division) : "");
    for (const std::string& split : splits) add_metrics(row, score_splits(run, runs.names, {split}));
    const std::vector<std::string> pooled = scored_splits(run, place.table->ablation.scoring);
    row.push_back(fmt::format("{}", fmt::join(pooled, "+")));
    add_metrics(row, score_splits(run, runs.names, pooled));
    row.push_back(run.predictions_sha256);
    for (const std::string& input : inputs) {
      const auto found = run.inputs.find(input);
      row.push_back(found == run.inputs.end() ? "" : found->second);
    }
    row.push_back(run.producer);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace mofi
