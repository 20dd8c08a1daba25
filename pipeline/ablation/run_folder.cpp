#include "ablation/run_folder.h"

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/provenance.h"
#include "storage/artifact.h"
#include "storage/run_record.h"
#include "training/checkpoint_schema.h"

namespace mofi {

void write_run_folder(const std::filesystem::path& folder, const std::string& id, const RunConfig& config,
                      const std::map<std::string, std::string>& input_digests, const RunResult& result) {
  std::filesystem::create_directories(folder);
  const Json semantic = config_to_json(config, true);
  replace_file(folder / "config.yaml", to_yaml(config_to_json(config)));  // all of it is in result.json, too

  Predictions predictions = result.predictions;
  predictions.header.config_sha256 = config_digest(semantic);
  predictions.header.inputs = input_digests;
  write_predictions(folder / kPredictionsFile, predictions, FolderSync::kLater);

  RunRecord record;
  record.run_id = id;
  record.config = semantic;
  record.inputs = input_digests;
  record.predictions_sha256 = content_digest(predictions);
  record.metrics = result.metrics;
  record.history = result.history;
  record.timing = result.timing;
  record.provenance = provenance();

  remove_abandoned_temporaries(folder);  // so that a finished run's folder is clean
  write_run_record(folder, record);
}

std::optional<KeptCheckpoint> kept_checkpoint(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;  // "step_000000120"
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder / kCheckpointFolder, none))
    if (entry.path().filename().string().starts_with("step_")) found.push_back(entry.path());
  if (found.empty()) return std::nullopt;
  try {
    const Json json = Json::parse(read_text(*std::ranges::max_element(found) / "checkpoint.json"));
    const auto schema = json.at("schema").get<std::string>();
    if (is_newer_schema(schema, kCheckpointSchema)) return KeptCheckpoint{0, schema};
    return KeptCheckpoint{json.at("state").at("epoch").get<int>(), ""};
  } catch (const Error&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace mofi
