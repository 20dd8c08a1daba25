#pragma once
// features.h5 (schema mofi-features/1): the features of every piece of a corpus, and how they were taken.

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/artifact.h"

namespace mofi {

struct PieceFeatures {
  std::string piece_id;       ///< file name within the data set
  std::string midi_sha256;    ///< joined to tokens by id and digest
  std::vector<float> values;  ///< one for every name of the table; finite
};

struct FeatureTable {
  std::string key_profile = "krumhansl_kessler";
  std::string weighting = "ticks";
  std::string pairing = "all";     ///< of note-ons with note-offs, as in TokenTable::options
  std::vector<std::string> names;  ///< of the features, as feature_list() has them
  std::vector<PieceFeatures> pieces;
  ArtifactHeader header;
};

std::string content_digest(const FeatureTable& table);
void write_features(const std::filesystem::path& path, const FeatureTable& table);
/// Throws kData where names and values do not fit, or a value is not finite.
FeatureTable read_features(const std::filesystem::path& path);

/// Pieces of a table by their ids. The table must outlive it.
class FeaturesByPiece {
 public:
  explicit FeaturesByPiece(const FeatureTable& table);

  /// Throws kData when the table has no such piece, or has it of another MIDI file.
  const std::vector<float>& of(const std::string& piece_id, const std::string& midi_sha256) const;

 private:
  std::unordered_map<std::string, const PieceFeatures*> pieces_;
};

}  // namespace mofi
