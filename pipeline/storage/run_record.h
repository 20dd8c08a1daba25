#pragma once
// What a finished run leaves in results/runs/<run id>/: result.json (what was run, how it went) and
// predictions.h5 (the logits of every evaluated row), from which alone every table is made.
//
// A run is done if and only if its folder reads without an error: result.json is written last, and both files
// are checked against their digests by whoever reads them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/config.h"
#include "storage/artifact.h"

namespace mofi {

inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kPredictionsFile = "predictions.h5";
inline constexpr const char* kResultSchema = "mofi-result/1";

/// predictions.h5, schema mofi-predictions/1. One entry a row (a segment of a piece), in the order of
/// evaluation.
struct Predictions {
  int classes = 4;
  std::string dataset;                   ///< "emopia"; empty when not known
  std::vector<std::string> class_names;  ///< [classes], or empty when not known
  std::vector<float> logits;             ///< [rows, classes], all finite
  /// [rows, states, 2], or empty when not asked for: of every hidden state of a row (0: after the embedding,
  /// k: after layer k), the sum of h[i] sin(i) and the sum of h[i]^2 in float64, with h the row's words (no
  /// padding) x hidden width, flattened. In numpy: (h.ravel() @ sin(arange(h.size)), h.ravel() @ h.ravel()).
  std::vector<double> hidden_states;
  std::vector<std::int32_t> label;   ///< [rows] 0..classes-1, the same for all rows of a piece; -1 unknown
  std::vector<std::uint32_t> piece;  ///< [rows] index into the lists below
  std::vector<std::uint32_t> segment_index;  ///< [rows] which segment of its piece, from 0; never twice
  std::vector<std::string> piece_id;         ///< [pieces] file name within the data set; never twice
  std::vector<std::string> group;            ///< [pieces] song: what folds and bootstraps keep together
  std::vector<std::uint8_t> mode;  ///< [pieces] true mode, 0 major, 1 minor, 255 undefined or unknown
  std::vector<std::string> split;  ///< [pieces] "train", "valid", "test" of the split that was used
  ArtifactHeader header;

  /// Whether the classes are Russell's quadrants, which valence and arousal can be read from.
  bool quadrants() const;
  std::size_t rows() const { return label.size(); }
  std::size_t pieces() const { return piece_id.size(); }
  std::size_t states() const { return rows() == 0 ? 0 : hidden_states.size() / (2 * rows()); }
};

/// Over everything but the header: independent of times, producer and file layout.
std::string content_digest(const Predictions& predictions);

/// Writes atomically. Schema and content digest are computed here, an empty `header.producer` is filled in;
/// `header.config_sha256` and `header.inputs` are the caller's.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions,
                       FolderSync folder = FolderSync::kNow);

/// Reads and checks schema, shapes, indices and digest. Throws kMissing or kData.
Predictions read_predictions(const std::filesystem::path& path);

/// result.json, schema kResultSchema.
struct RunRecord {
  std::string run_id;  ///< readable slug + hash of semantic config, seed and input digests
  Json config;         ///< the semantic config of the run, resolved, nested as in YAML
  std::map<std::string, std::string> inputs;  ///< content digests of "tokens", "mode", "weights"
  std::string predictions_sha256;             ///< content digest of predictions.h5
  Json metrics;     ///< what the run itself computed: {"valid": {"accuracy": …}, …}
  Json history;     ///< one object an epoch
  Json timing;      ///< seconds; no part of identity
  Json provenance;  ///< producer, host, command; no part of identity
};

/// Over everything but timing and provenance, so equal for a run and its repetition elsewhere.
std::string content_digest(const RunRecord& record);

/// Makes the run done: writes result.json atomically, after checking that predictions.h5 lies beside it with
/// the recorded digest.
void write_run_record(const std::filesystem::path& run_folder, const RunRecord& record);

/// Reads and verifies: schema, digest, and that predictions.h5 is there with the recorded digest.
/// Throws kMissing when result.json is absent, kData when something does not fit.
RunRecord read_run_record(const std::filesystem::path& run_folder);

/// A run with its predictions, both verified, for readers that need both: each file is read once.
struct FinishedRun {
  RunRecord record;
  Predictions predictions;
};
FinishedRun read_finished_run(const std::filesystem::path& run_folder);

}  // namespace mofi
