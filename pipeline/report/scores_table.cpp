#include "report/scores_table.h"

#include <cmath>
#include <utility>

#include "report/cells.h"

namespace mofi {
namespace {

constexpr std::pair<const char*, Spread ArmResult::*> kScores[] = {
    {"clips", &ArmResult::accuracy},           {"rows", &ArmResult::row_accuracy},
    {"songs", &ArmResult::song_accuracy},      {"macro-F1", &ArmResult::macro_f1},
    {"weighted F1", &ArmResult::weighted_f1},  {"valence", &ArmResult::valence_accuracy},
    {"arousal", &ArmResult::arousal_accuracy}, {"calibration error", &ArmResult::calibration_error}};

}  // namespace

Table scores_table(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  Table table;
  table.title = named.name.empty() ? "Scores" : named.name + ", scores";
  std::vector<const std::vector<std::string>*> cells;
  for (const Arm& arm : ablation.set.arms) cells.push_back(&arm.cells);
  table.columns = field_columns(ablation.set.names, cells);
  for (const auto& [name, score] : kScores) {
    table.columns.push_back({name});
    if (score == &ArmResult::accuracy) table.columns.push_back({"IQM"});
  }
  for (const std::size_t i : baseline_first(ablation)) {
    const ArmResult& result = ablation.results[i];
    std::vector<std::string> row = ablation.set.arms[i].cells;
    for (const auto& [name, score] : kScores) {
      row.push_back(percent(result.*score));
      if (score == &ArmResult::accuracy) row.push_back(percent(result.accuracy.iqm));
    }
    table.rows.push_back(std::move(row));
  }
  table.notes = {
      "In %, mean ± sample standard deviation over seeds. Clips, rows, songs: accuracy, where a clip answers "
      "by "
      "the summed logits of its rows and a song by those of all its clips of a label; MIDI-BERT scores rows. "
      "IQM: interquartile mean of clips over seeds.",
      "Calibration error: expected, over fifteen equal steps of confidence (Guo et al., ICML 2017)."};
  return table;
}

}  // namespace mofi
