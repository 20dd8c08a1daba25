#include "report/runs.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "statistics/scores.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

constexpr const char* kSeedPath = "seed";
constexpr const char* kFoldPath = "data.fold";
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
  run.config.erase(kSeedPath);
  run.config.erase(kFoldPath);
  run.evaluate = evaluated_splits(record, predictions);
  run.classes = predictions.classes;
  run.quadrants = predictions.quadrants();
  run.dataset = predictions.dataset;
  for (const Outcome& outcome : outcomes(predictions)) {
    const std::uint32_t piece = outcome.piece;
    run.outcomes.push_back({names.number(predictions.piece_id[piece]), names.number(predictions.group[piece]),
                            names.number(predictions.split[piece]), outcome.label, outcome.predicted,
                            predictions.mode[piece]});
  }
  run.inputs = record.inputs;
  run.predictions_sha256 = record.predictions_sha256;
  if (record.provenance.is_object()) run.producer = record.provenance.value("producer", "");
  return run;
}

/// The reason as it reads on any machine.
std::string without_prefix(std::string reason, const std::string& prefix) {
  for (auto at = reason.find(prefix); at != std::string::npos; at = reason.find(prefix, at))
    reason.erase(at, prefix.size());
  return reason;
}

}  // namespace

std::uint32_t Names::number(const std::string& name) {
  const auto [entry, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return entry->second;
}

RunSet read_runs(const std::filesystem::path& results_dir, const std::set<std::string>& only) {
  const auto runs_dir = results_dir / "runs";
  if (!std::filesystem::is_directory(runs_dir))
    fail(ExitCode::kMissing, "{}: no such folder; expected the results folder of a sweep, with runs/ in it",
         runs_dir.string());
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(runs_dir)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.front() != '.') folders.push_back(name);
  }
  std::sort(folders.begin(), folders.end());

  RunSet set;
  const std::string prefix = (results_dir / "").string();
  for (const std::string& name : folders) {
    const std::string folder = "runs/" + name;
    if (!only.empty() && !only.contains(name)) {
      set.skipped.push_back({folder, "is no run of this sweep"});
      continue;
    }
    try {
      set.runs.push_back(reduced(read_finished_run(runs_dir / name), folder, set.names));
    } catch (const Error& error) {
      set.skipped.push_back({folder, without_prefix(error.what(), prefix)});
    } catch (const nlohmann::json::exception& error) {
      set.skipped.push_back({folder, fmt::format("{}/{}: has a config that is not understood: {}", folder,
                                                 kResultFile, error.what())});
    }
  }
  std::sort(set.runs.begin(), set.runs.end(),
            [](const Run& a, const Run& b) { return std::pair(a.id, a.folder) < std::pair(b.id, b.folder); });
  return set;
}

}  // namespace mofi
