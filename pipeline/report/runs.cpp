#include "report/runs.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "report/field_defaults.h"
#include "statistics/scores.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

constexpr const char* kSeedPath = "seed";
constexpr const char* kFoldPath = "data.fold";
constexpr const char* kDivisionPath = "data.fold_seed";
constexpr const char* kWeightsPath = "training.weights";
constexpr const char* kEvaluatePath = "/data/evaluate";

std::int64_t integer_field(const Json& config, const std::string& pointer, const std::string& file) {
  const Json::json_pointer place(pointer);
  if (!config.contains(place) || !config.at(place).is_number_integer())
    fail(ExitCode::kData, "{}: its config has no whole number at {}", file, pointer);
  return config.at(place).get<std::int64_t>();
}

std::vector<std::string> evaluated_splits(const RunRecord& record, const Predictions& predictions) {
  const Json::json_pointer place(kEvaluatePath);
  if (record.config.contains(place)) {
    const Json& value = record.config.at(place);
    if (value.is_string()) return {value.get<std::string>()};
    if (value.is_array() && !value.empty()) return value.get<std::vector<std::string>>();
  }
  const std::set<std::string> present(predictions.split.begin(), predictions.split.end());
  return {present.begin(), present.end()};
}

UnitCount count(const std::vector<Outcome>& outcomes) {
  UnitCount units;
  for (const Outcome& outcome : outcomes) {
    ++units.scored;
    units.right += outcome.label == outcome.predicted ? 1 : 0;
  }
  return units;
}

/// The numbers of an epoch's record, those of sections within as "valid.accuracy".
void add_epoch(std::map<std::string, std::vector<double>>& history, const Json& entry, std::size_t epoch,
               const std::string& prefix = "") {
  for (const auto& [name, value] : entry.items()) {
    if (value.is_object()) add_epoch(history, value, epoch, prefix + name + ".");
    if (!value.is_number()) continue;
    std::vector<double>& numbers = history[prefix + name];
    numbers.resize(epoch, std::numeric_limits<double>::quiet_NaN());
    numbers.push_back(value.get<double>());
  }
}

std::map<std::string, std::vector<double>> history_of(const RunRecord& record) {
  std::map<std::string, std::vector<double>> history;
  if (!record.history.is_array()) return history;
  for (std::size_t epoch = 0; epoch < record.history.size(); ++epoch)
    if (record.history[epoch].is_object()) add_epoch(history, record.history[epoch], epoch);
  return history;
}

Run reduced(const FinishedRun& finished, const std::string& folder, Names& names) {
  const RunRecord& record = finished.record;
  const Predictions& predictions = finished.predictions;
  const std::string file = folder + "/" + kResultFile;
  Run run;
  run.id = record.run_id;
  run.folder = folder;
  run.seed = integer_field(record.config, "/seed", file);
  if (record.config.contains(Json::json_pointer("/data/fold")))
    run.fold = integer_field(record.config, "/data/fold", file);
  run.config = flatten(record.config);
  add_unstated(run.config);
  run.system = run.config.get("system");
  run.config.erase(kSeedPath);
  run.config.erase(kFoldPath);
  if (record.config.contains(Json::json_pointer("/data/fold_seed")) &&
      run.config.get("data.split") == "folds") {
    run.division = integer_field(record.config, "/data/fold_seed", file);
    run.config.erase(kDivisionPath);
  }
  run.evaluate = evaluated_splits(record, predictions);
  run.classes = predictions.classes;
  run.quadrants = predictions.quadrants();
  run.dataset = predictions.dataset;
  run.config_sha256 = predictions.header.config_sha256;
  run.history = history_of(record);
  for (const Outcome& outcome : outcomes(predictions)) {
    const std::uint32_t piece = outcome.piece;
    run.outcomes.push_back({names.number(predictions.piece_id[piece]), names.number(predictions.group[piece]),
                            names.number(predictions.split[piece]), outcome.label, outcome.predicted,
                            predictions.mode[piece], static_cast<float>(outcome.confidence)});
  }
  const std::set<std::string> splits(predictions.split.begin(), predictions.split.end());
  for (const std::string& split : splits) {
    run.rows[names.number(split)] = count(outcomes(predictions, {split}, ScoredUnit::kRow));
    run.songs[names.number(split)] = count(outcomes(predictions, {split}, ScoredUnit::kSong));
  }
  run.inputs = record.inputs;
  run.predictions_sha256 = record.predictions_sha256;
  run.invariance = record.metrics.value("invariance", Json());
  if (record.provenance.is_object()) {
    run.producer = record.provenance.value("producer", "");
    run.input_names = record.provenance.value("input_names", run.input_names);
  }
  // The path of start weights is no part of a config, but what is in them makes another arm.
  run.config.order.push_back(kWeightsPath);
  run.config.value[kWeightsPath] = name_of_input(run, "weights", "scratch");
  return run;
}

/// How the newest attempt at an unfinished run ended badly, as " (attempt 3: …)"; empty where it did not, or
/// where nobody has tried. Of an attempt file (mofi-attempt/1) no more is read than that.
std::string bad_end(const std::filesystem::path& folder) {
  int newest = 0;
  for (int number = 1; std::filesystem::exists(folder / fmt::format("attempt_{}.json", number)); ++number)
    newest = number;
  if (newest == 0) return "";
  const Json attempt =
      Json::parse(read_text(folder / fmt::format("attempt_{}.json", newest)), nullptr, false);
  if (!attempt.is_object() || !attempt.contains("end") || !attempt["end"].is_object()) return "";
  const std::string kind = attempt["end"].value("kind", "");
  if (kind != "error" && kind != "crash" && kind != "timeout") return "";
  const std::string text = attempt["end"].value("text", "");
  return fmt::format(" (attempt {}, {}{}{})", newest, kind, text.empty() ? "" : ": ",
                     text.substr(0, text.find('\n')));
}

void number_by_alphabet(RunSet& set) {
  const std::vector<std::uint32_t> number = set.names.sort();
  for (Run& run : set.runs) {
    for (PieceOutcome& outcome : run.outcomes) {
      outcome.piece = number[outcome.piece];
      outcome.song = number[outcome.song];
      outcome.split = number[outcome.split];
    }
    for (auto* units : {&run.rows, &run.songs}) {
      std::map<std::uint32_t, UnitCount> renumbered;
      for (const auto& [split, unit] : *units) renumbered[number[split]] = unit;
      *units = std::move(renumbered);
    }
  }
}

void number_repetitions(RunSet& set) {
  std::set<RunSet::Repetition> all;
  std::set<std::int64_t> divisions;
  for (const Run& run : set.runs) {
    all.insert({run.division, run.seed});
    if (run.fold) divisions.insert(run.division);
  }
  set.divisions = divisions.size();
  std::map<RunSet::Repetition, std::int64_t> number;
  for (const RunSet::Repetition& one : all)
    number[one] = set.divisions > 1 ? static_cast<std::int64_t>(number.size()) + 1 : one.seed;
  for (const auto& [one, own] : number) set.repetitions[own] = one;
  for (Run& run : set.runs) run.repetition = number[{run.division, run.seed}];
}

/// The reason as it reads on any machine.
std::string without_prefix(std::string reason, const std::string& prefix) {
  for (auto at = reason.find(prefix); at != std::string::npos; at = reason.find(prefix, at))
    reason.erase(at, prefix.size());
  return reason;
}

}  // namespace

std::string name_of_input(const Run& run, const std::string& input, const std::string& absent) {
  const auto digest = run.inputs.find(input);
  if (digest == run.inputs.end()) return absent;
  const auto name = run.input_names.find(input);
  return name == run.input_names.end() ? input + "_" + digest->second.substr(0, 8) : name->second;
}

std::uint32_t Names::number(const std::string& name) {
  const auto [entry, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return entry->second;
}

std::vector<std::uint32_t> Names::sort() {
  std::vector<std::string> sorted = names_;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::uint32_t> number(names_.size());
  for (std::uint32_t now = 0; now < sorted.size(); ++now) {
    std::uint32_t& old = numbers_.at(sorted[now]);
    number[old] = now;
    old = now;
  }
  names_ = std::move(sorted);
  return number;
}

RunSet read_runs(const std::filesystem::path& results_dir, const std::set<std::string>& only) {
  const auto runs_dir = results_dir / "runs";
  if (!std::filesystem::is_directory(runs_dir))
    fail(ExitCode::kMissing, "{}: no such folder; expected the results folder of a sweep, with runs/ in it",
         runs_dir.string());
  std::vector<std::string> folders;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(runs_dir, failure)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.front() != '.') folders.push_back(name);
  }
  if (failure)
    fail(ExitCode::kMissing, "{}: cannot be looked into: {}", runs_dir.string(), failure.message());
  std::sort(folders.begin(), folders.end());

  RunSet set;
  const std::string prefix = (results_dir / "").string();
  for (const std::string& name : folders) {
    const std::string folder = "runs/" + name;
    if (!only.empty() && !only.contains(name)) {
      set.skipped.push_back({folder, "on other music, or not asked for by this sweep as it is now"});
      continue;
    }
    try {
      set.runs.push_back(reduced(read_finished_run(runs_dir / name), folder, set.names));
    } catch (const Error& error) {
      const std::string end = bad_end(runs_dir / name);
      set.skipped.push_back({folder, without_prefix(error.what() + end, prefix), !end.empty()});
    } catch (const nlohmann::json::exception& error) {
      set.skipped.push_back({folder, fmt::format("{}/{}: has a config that is not understood: {}", folder,
                                                 kResultFile, error.what())});
    }
  }
  std::sort(set.runs.begin(), set.runs.end(),
            [](const Run& a, const Run& b) { return std::pair(a.id, a.folder) < std::pair(b.id, b.folder); });
  number_by_alphabet(set);
  number_repetitions(set);
  return set;
}

}  // namespace mofi
