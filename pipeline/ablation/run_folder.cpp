#include "ablation/run_folder.h"

#include "core/files.h"
#include "core/provenance.h"

namespace mofi {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void write_run_folder(const std::filesystem::path& folder, const std::string& id, const RunConfig& config,
                      const std::map<std::string, std::string>& input_digests, const RunResult& result) {
  std::filesystem::create_directories(folder);
  const Json semantic = config_to_json(config, true);
  write_atomically(folder / "config.yaml", to_yaml(config_to_json(config)));

  Predictions predictions = result.predictions;
  predictions.header.config_sha256 = config_digest(semantic);
  predictions.header.inputs = input_digests;
  write_predictions(folder / kPredictionsFile, predictions);

  RunRecord record;
  record.run_id = id;
  record.config = semantic;
  record.inputs = input_digests;
  record.predictions_sha256 = content_digest(predictions);
  record.metrics = result.metrics;
  record.history = result.history;
  record.timing = result.timing;
  record.provenance = provenance();

  // What earlier attempts left goes first, so that a finished run's folder is clean.
  std::error_code ignored;
  std::filesystem::remove(folder / kFailureFile, ignored);
  remove_abandoned_temporaries(folder);
  write_run_record(folder, record);
}

void write_failure(const std::filesystem::path& folder, const std::string& reason) {
  write_atomically(folder / kFailureFile, reason + "\n");
}

}  // namespace mofi
