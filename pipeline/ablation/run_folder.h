#pragma once
// The folder of one run: written so that result.json, the last file, makes it done.

#include <filesystem>
#include <optional>
#include <string>

#include "ablation/experiment.h"
#include "training/run.h"

namespace mofi {

/// Writes config.yaml, predictions.h5 and, last, result.json.
void write_run_folder(const std::filesystem::path& folder, const std::string& id, const RunConfig& config,
                      const std::map<std::string, std::string>& input_digests, const RunResult& result);

/// What the newest checkpoint of an unfinished run says of itself. It is verified by whoever goes on from it.
struct KeptCheckpoint {
  int epoch = 0;             ///< epochs that are over
  std::string newer_schema;  ///< where a newer version made it: its schema; nothing else is known then
};
std::optional<KeptCheckpoint> kept_checkpoint(const std::filesystem::path& folder);

}  // namespace mofi
