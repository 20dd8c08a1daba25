#pragma once
// What a finished run leaves in results/runs/<run id>/: result.json (what was run, how it went) and predictions.h5
// (the logits of every evaluated row), from which alone every table is made.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/config.h"
#include "storage/artifact.h"

namespace mofi {

/// predictions.h5, schema mofi-predictions/1. One entry a row (a segment of a piece), in the order of evaluation.
struct Predictions {
  int classes = 4;
  std::vector<float> logits;                  ///< [rows, classes]
  std::vector<std::int32_t> label;            ///< [rows] 0..classes-1
  std::vector<std::uint32_t> piece;           ///< [rows] index into the three lists below
  std::vector<std::uint32_t> segment_index;   ///< [rows] which segment of its piece, from 0
  std::vector<std::string> piece_id;          ///< [pieces] file name within the data set
  std::vector<std::string> group;             ///< [pieces] song: the unit that folds and bootstraps keep together
  std::vector<std::uint8_t> mode;             ///< [pieces] true mode, 0 major, 1 minor, 255 undefined or not known
  std::vector<std::string> split;             ///< [pieces] "train", "valid", "test" of the split that was used
  ArtifactHeader header;

  std::size_t rows() const { return label.size(); }
};

/// The digest is computed here; `header.config_sha256` and `header.inputs` are the caller's.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions);
Predictions read_predictions(const std::filesystem::path& path);
std::string content_digest(const Predictions& predictions);

/// result.json, schema mofi-result/1.
struct RunRecord {
  std::string run_id;              ///< readable slug + hash of semantic config, seed and input digests
  Json config;                     ///< the semantic config of the run, resolved, nested as in YAML
  std::map<std::string, std::string> inputs;  ///< content digests of tokens, mode, weights
  std::string predictions_sha256;  ///< content digest of predictions.h5
  Json metrics;                    ///< what the run itself computed: {"valid": {"accuracy": …}, …}
  Json history;                    ///< one object an epoch
  Json timing;                     ///< seconds; no part of identity
  Json provenance;                 ///< producer, host, command; no part of identity
};

void write_run_record(const std::filesystem::path& run_folder, const RunRecord& record);

/// Reads and verifies: schema, and that predictions.h5 is there with the recorded digest.
/// Throws kMissing when result.json is absent, kData when something does not fit.
RunRecord read_run_record(const std::filesystem::path& run_folder);

}  // namespace mofi
