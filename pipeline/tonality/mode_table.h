#pragma once
// mode.h5 (schema mofi-mode/2): key and mode of every piece of a corpus, or of every row of its tokens, and
// what they were decided from.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/artifact.h"
#include "tonality/key.h"

namespace mofi {

struct PieceMode {
  std::string piece_id;       ///< file name within the data set
  std::uint32_t segment = 0;  ///< which row of the piece's tokens; 0 for whole pieces
  std::string midi_sha256;    ///< joined to tokens by id and digest
  int tonic = -1;             ///< pitch class, 0 = C; -1 undefined
  std::uint8_t mode = kUndefinedMode;
  float margin = 0;                     ///< best correlation of this mode minus best of the other mode
  std::array<float, 24> correlation{};  ///< Pearson r with the 12 major, then the 12 minor keys, tonic 0..11
  std::array<float, 12> profile{};      ///< pitch-class weights, summing to 1 (all zero for an empty piece)
};

struct ModeTable {
  std::string key_profile = "krumhansl_kessler";
  std::string weighting = "ticks";
  std::string pairing = "all";  ///< of note-ons with note-offs, as in TokenTable::options
  std::string unit = "piece";   ///< or "segment"
  std::string token_options;  ///< TokenTable::options of the rows that have the keys; empty for whole pieces
  std::vector<PieceMode> pieces;  ///< by piece and segment
  ArtifactHeader header;
};

std::string content_digest(const ModeTable& table);
void write_modes(const std::filesystem::path& path, const ModeTable& table);
ModeTable read_modes(const std::filesystem::path& path);

}  // namespace mofi
