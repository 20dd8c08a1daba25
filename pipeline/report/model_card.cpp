#include "report/model_card.h"

#include <fmt/ranges.h>

#include <cmath>
#include <set>

#include "core/error.h"
#include "statistics/scores.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

struct PartScores {
  std::string part;  ///< "test"
  Scores scores;
  std::size_t songs = 0;
  Interval interval;  ///< of the accuracy; NaN for one song
};

PartScores scores_of(const Predictions& predictions, const std::string& part,
                     const BootstrapOptions& options) {
  PartScores found{part, score(predictions, {part}), 0, {}};
  std::map<std::int64_t, ScoreBySong> by_seed;
  for (const Outcome& outcome : outcomes(predictions, {part})) {
    SongScore& song = by_seed[0][predictions.group[outcome.piece]];
    ++song.scored;
    song.correct += outcome.label == outcome.predicted ? 1 : 0;
  }
  if (by_seed.empty()) return found;
  found.songs = by_seed[0].size();
  found.interval = bootstrap_accuracy(make_score_table(by_seed), options).interval;
  return found;
}

/// The parts that were evaluated and have labels, in the order train, valid, test.
std::vector<PartScores> all_scores(const Predictions& predictions, const BootstrapOptions& options) {
  const std::set<std::string> present(predictions.split.begin(), predictions.split.end());
  std::vector<PartScores> parts;
  for (const char* part : {"train", "valid", "test"}) {
    if (!present.contains(part)) continue;
    PartScores scores = scores_of(predictions, part, options);
    if (scores.scores.confusion.total() > 0) parts.push_back(std::move(scores));
  }
  return parts;
}

std::string value_at(const Json& config, const char* pointer, const std::string& otherwise) {
  const Json::json_pointer place(pointer);
  if (!config.contains(place)) return otherwise;
  return config.at(place).is_string() ? config.at(place).get<std::string>() : config.at(place).dump();
}

/// "folds, fold 1 of 5"; "song_level".
std::string split_of(const Json& config) {
  const std::string split = value_at(config, "/data/split", "song_level");
  if (split != "folds") return split;
  return fmt::format("folds, fold {} of {}", value_at(config, "/data/fold", "0"),
                     value_at(config, "/data/folds", "5"));
}

Json metric(const std::string& type, const std::string& name, double value) {
  return {{"type", type}, {"name", name}, {"value", value}};
}

Json metrics_of(const PartScores& part, double level) {
  const ConfusionMatrix& confusion = part.scores.confusion;
  Json accuracy_metric = metric("accuracy", "accuracy of pieces", accuracy(confusion));
  accuracy_metric["args"] = {{"pieces", confusion.total()}, {"songs", part.songs}};
  if (std::isfinite(part.interval.low)) {
    accuracy_metric["args"]["level"] = level;
    accuracy_metric["args"]["interval"] = {part.interval.low, part.interval.high};
  }
  Json metrics = Json::array({accuracy_metric, metric("f1", "macro-F1 of pieces", macro_f1(confusion))});
  if (confusion.quadrants) {
    metrics.push_back(metric("accuracy", "valence accuracy of pieces", valence_accuracy(confusion)));
    metrics.push_back(metric("accuracy", "arousal accuracy of pieces", arousal_accuracy(confusion)));
  }
  return metrics;
}

Json front_matter(const FinishedRun& run, const std::string& name, const std::vector<PartScores>& parts,
                  const ModelCardOptions& options) {
  const std::string dataset = run.predictions.dataset.empty() ? "unknown" : run.predictions.dataset;
  Json results = Json::array();
  for (const PartScores& part : parts)
    results.push_back(
        {{"task", {{"type", "music-emotion-recognition"}, {"name", "Symbolic music emotion recognition"}}},
         {"dataset",
          {{"type", dataset},
           {"name", dataset},
           {"config", split_of(run.record.config)},
           {"split", part.part}}},
         {"metrics", metrics_of(part, options.bootstrap.level)}});
  Json front = Json::object();
  if (!options.license.empty()) front["license"] = options.license;
  front["library_name"] = "mofi";
  front["tags"] = {"music", "midi", "symbolic-music", "music-emotion-recognition"};
  front["model-index"] = Json::array({{{"name", name}, {"results", results}}});
  return front;
}

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.1f}", 100 * share) : "–"; }

std::string table_of(const std::vector<PartScores>& parts) {
  std::string table =
      "| part | pieces | songs | accuracy, % | 95 % for other songs | macro-F1, % |\n"
      "|:---|---:|---:|---:|---:|---:|\n";
  for (const PartScores& part : parts) {
    const ConfusionMatrix& confusion = part.scores.confusion;
    table += fmt::format("| {} | {} | {} | {} | {} … {} | {} |\n", part.part, confusion.total(), part.songs,
                         percent(accuracy(confusion)), percent(part.interval.low),
                         percent(part.interval.high), percent(macro_f1(confusion)));
  }
  return table;
}

std::string told(const Json& config) {
  const std::string condition = value_at(config, "/injection/condition", "none");
  if (condition == "none") return "nothing besides its tokens";
  const std::string together = value_at(config, "/injection/together", "");
  return fmt::format("{}, by {}, at site {}", condition, value_at(config, "/injection/by", "film"),
                     together.empty() ? value_at(config, "/injection/site", "0") : together);
}

}  // namespace

std::string model_card(const std::filesystem::path& run_folder, const ModelCardOptions& options) {
  const FinishedRun run = read_finished_run(run_folder);
  const RunRecord& record = run.record;
  const std::vector<PartScores> parts = all_scores(run.predictions, options.bootstrap);
  if (parts.empty())
    fail(ExitCode::kData, "{}: no row that was evaluated has a label, so there is no score to put on a card",
         run_folder.string());
  const std::string name = options.name.empty() ? record.run_id : options.name;
  const Json& config = record.config;

  std::string card =
      fmt::format("---\n{}---\n\n# {}\n\n", to_yaml(front_matter(run, name, parts, options)), name);
  card += fmt::format(
      "Recognises the emotion of symbolic music: {} classes{}, from MIDI files as Compound Words. One run of "
      "system {}; it is told {}.\n\n",
      run.predictions.classes,
      run.predictions.class_names.empty()
          ? ""
          : fmt::format(" ({})", fmt::join(run.predictions.class_names, ", ")),
      value_at(config, "/system", "midibert"), told(config));
  card += fmt::format("## Scores\n\nData set {}, split {}, seed {}.\n\n{}\n",
                      run.predictions.dataset.empty() ? "unknown" : run.predictions.dataset, split_of(config),
                      value_at(config, "/seed", "1"), table_of(parts));
  card +=
      "Pieces are scored once, the logits of their rows added. The interval is a bootstrap over whole songs "
      "with this run's weights: "
      "another seed may give another number, and one run is no evidence that one design is better than "
      "another.\n\n";
  card += fmt::format("## How it was made\n\n| | |\n|:---|:---|\n| run | `{}` |\n| made by | {} |\n",
                      record.run_id, record.provenance.value("producer", "unknown"));
  for (const auto& [input, digest] : record.inputs)
    card += fmt::format("| {} | SHA-256 `{}` |\n", input, digest);
  card += fmt::format("\n```yaml\n{}```\n\n", to_yaml(config));
  if (!config.contains("training")) return card;  // a classical system has no weights
  card +=
      "## Use\n\n```\nmofi tokenize --dataset folder --input MIDIS --output tokens.h5\nmofi mode --dataset "
      "folder --input MIDIS --output mode.h5\n"
      "mofi evaluate --weights weights.safetensors --tokens tokens.h5 --mode mode.h5 --output "
      "predictions.h5\n```\n";
  return card;
}

}  // namespace mofi
