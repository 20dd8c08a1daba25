#include "report/runs_csv.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "report/ablation_table.h"
#include "statistics/scores.h"

namespace mofi {
namespace {

constexpr std::array kMetrics = {
    "clips", "accuracy", "macro_f1", "weighted_f1", "valence_accuracy", "arousal_accuracy", "mode_agreement"};

Scores score_splits(const Run& run, const Names& names, const std::vector<std::string>& splits) {
  Scores scores(ConfusionMatrix(run.classes, run.quadrants));
  for (const PieceOutcome& outcome : run.outcomes)
    if (std::find(splits.begin(), splits.end(), names.name(outcome.split)) != splits.end())
      scores.add(outcome.label, outcome.predicted, outcome.mode);
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

Table runs_table(const RunSet& runs, const Ablation& ablation, const AblationOptions& options) {
  const ArmSet& set = ablation.set;
  std::set<std::string> splits, inputs;
  for (const Run& run : runs.runs) {
    for (const PieceOutcome& outcome : run.outcomes) splits.insert(runs.names.name(outcome.split));
    for (const auto& [name, digest] : run.inputs) inputs.insert(name);
  }
  std::map<const Run*, const Arm*> arm_of;
  for (const Arm& arm : set.arms)
    for (const Run* run : arm.runs) arm_of[run] = &arm;

  Table table;
  table.columns.push_back({"run_id"});
  for (const std::string& field : set.fields) table.columns.push_back({field});
  table.columns.insert(table.columns.end(), {{"seed"}, {"fold"}});
  for (const std::string& split : splits)
    for (const char* metric : kMetrics) table.columns.push_back({split + "_" + metric});
  table.columns.push_back({"pooled_splits"});
  for (const char* metric : kMetrics) table.columns.push_back({std::string("pooled_") + metric});
  table.columns.push_back({"predictions_sha256"});
  for (const std::string& input : inputs) table.columns.push_back({input + "_sha256"});
  table.columns.push_back({"producer"});

  for (const Run& run : runs.runs) {
    std::vector<std::string> row = {run.id};
    for (const std::string& cell : arm_of.at(&run)->cells) row.push_back(cell == kNoValue ? "" : cell);
    row.push_back(std::to_string(run.seed));
    row.push_back(run.fold ? std::to_string(*run.fold) : "");
    for (const std::string& split : splits) add_metrics(row, score_splits(run, runs.names, {split}));
    const std::vector<std::string> pooled = scored_splits(run, options, set.cross_validated);
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
