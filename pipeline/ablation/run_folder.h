#pragma once
// The folder of one run: written so that result.json, the last file, makes it done.

#include <filesystem>
#include <string>

#include "ablation/experiment.h"
#include "training/run.h"

namespace mofi {

inline constexpr const char* kFailureFile = "failure.txt";

/// Writes config.yaml, predictions.h5 and, last, result.json.
void write_run_folder(const std::filesystem::path& folder, const std::string& id, const RunConfig& config,
                      const std::map<std::string, std::string>& input_digests, const RunResult& result);

/// Leaves the reason why a run failed, for the plan and for people.
void write_failure(const std::filesystem::path& folder, const std::string& reason);

std::string first_line(const std::string& text);

}  // namespace mofi
