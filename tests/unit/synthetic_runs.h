#pragma once
// Run folders for tests: a small corpus, and runs that know a given share of its answers.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "storage/run_record.h"
#include "temporary_folder.h"

namespace mofi {

struct SyntheticRun {
  std::string condition = "none";
  int site = 0;
  std::int64_t seed = 1;
  std::optional<std::int64_t> fold;  ///< with a fold, its test part is every third song
  double skill = 0.5;                ///< chance of a right answer
  int songs = 12;
  std::string split = "song_level";
  std::string tokens_sha256 = std::string(64, 'a');
  std::string dataset = "synthetic";
  std::string system = "midibert";  ///< another has no injection and no model
  std::string weights_sha256 = {};  ///< empty: from scratch
  std::int64_t fold_seed = 1;       ///< with a fold

  std::string id() const {
    return (system == "midibert" ? condition : system) + "-site" + std::to_string(site) + "-seed" +
           std::to_string(seed) + (fold ? "-fold" + std::to_string(*fold) : "") +
           (fold_seed == 1 ? "" : "-division" + std::to_string(fold_seed));
  }
};

/// Three clips a song, quadrants in turn, the mode mostly that of the valence; two thirds test, the rest
/// valid.
inline Predictions synthetic_predictions(const SyntheticRun& run) {
  Predictions p;
  p.dataset = run.dataset;
  for (int clip = 0; clip < 3 * run.songs; ++clip) {
    const int song = clip / 3, label = clip % 4;
    const auto dealt = static_cast<std::int64_t>(song) * run.fold_seed + song / 3 * (run.fold_seed - 1);
    const bool in_test = run.fold ? dealt % 3 == *run.fold : song % 3 != 0;
    if (run.fold && !in_test) continue;
    RandomStream stream(static_cast<std::uint64_t>(run.seed),
                        "synthetic " + (run.system == "midibert" ? run.condition : run.system),
                        static_cast<std::uint64_t>(run.site), static_cast<std::uint64_t>(clip));
    const int predicted = stream.uniform() < run.skill ? label : stream.between(0, 3);
    const bool high = label == 0 || label == 3;
    for (std::uint32_t segment = 0; segment < 2; ++segment) {
      for (int c = 0; c < 4; ++c) p.logits.push_back(c == predicted ? 1.5F : -0.25F * static_cast<float>(c));
      p.label.push_back(label);
      p.piece.push_back(static_cast<std::uint32_t>(p.piece_id.size()));
      p.segment_index.push_back(segment);
    }
    p.piece_id.push_back("clip_" + std::to_string(clip) + ".mid");
    p.group.push_back("song_" + std::to_string(song));
    p.mode.push_back(clip % 11 == 10 ? 255 : static_cast<std::uint8_t>(high != (clip % 5 == 0) ? 0 : 1));
    p.split.push_back(in_test ? "test" : "valid");
  }
  p.header.config_sha256 = std::string(64, 'c');
  p.header.producer = "mofi test";
  p.header.inputs = {{"tokens", run.tokens_sha256}};
  return p;
}

inline RunRecord synthetic_record(const SyntheticRun& run) {
  RunRecord record;
  record.run_id = run.id();
  Json data = {{"split", run.split}, {"evaluate", {"valid", "test"}}};
  if (run.fold) data["fold"] = *run.fold;
  record.config = {{"seed", run.seed},
                   {"data", std::move(data)},
                   {"model", {{"layers", 2}, {"hidden", 128}}},
                   {"injection", {{"condition", run.condition}, {"site", run.site}}},
                   {"training", {{"learning_rate", 5e-4}}}};
  if (run.fold) {
    record.config["data"]["split"] = "folds";
    record.config["data"]["folds"] = 3;
    record.config["data"]["fold_seed"] = run.fold_seed;
  }
  if (run.system != "midibert") {
    record.config["system"] = run.system;
    record.config["classifier"] = {{"C", 0.05}};
  }
  record.inputs = {{"tokens", run.tokens_sha256}};
  if (!run.weights_sha256.empty()) record.inputs["weights"] = run.weights_sha256;
  record.metrics = {{"valid", {{"accuracy", 0.5}}}};
  record.history = Json::array({{{"epoch", 1}, {"loss", 1.25}}});
  record.timing = {{"train_s", 1.0}};
  record.provenance = {{"producer", "mofi test (commit 1234567)"}, {"host", "somewhere"}};
  return record;
}

/// Writes `results`/runs/<id>/ and returns it.
inline std::filesystem::path write_synthetic_run(const std::filesystem::path& results,
                                                 const SyntheticRun& run) {
  const auto folder = results / "runs" / run.id();
  const Predictions predictions = synthetic_predictions(run);
  write_predictions(folder / kPredictionsFile, predictions);
  RunRecord record = synthetic_record(run);
  record.predictions_sha256 = content_digest(predictions);
  write_run_record(folder, record);
  return folder;
}

/// The sentence of the error that `action` ends in, or "" when it ends in none.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace mofi
