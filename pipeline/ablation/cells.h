#pragma once
// The cells of a sweep: every run that it asks for, built, checked and named before the first one starts.

#include <map>
#include <string>
#include <vector>

#include "ablation/music.h"
#include "training/run_config.h"

namespace mofi {

/// One run that the sweep asks for.
struct Cell {
  RunConfig config;
  std::string slug;       ///< readable, and a file name: "emopia_mode_site1_seed2"
  std::string source;     ///< where the file asks for it, for messages
  std::string group;      ///< the name of its arm; empty where arms have none
  std::size_t music = 0;  ///< which of CellSet::music it is trained on
  std::string digest;     ///< config_digest of its semantic config; empty: digest_of computes it
};

struct CellSet {
  std::vector<MusicConfig> music;  ///< the distinct ones
  std::vector<Cell> cells;         ///< in the order of the arms, the last axis turning fastest
};

/// Cells of one sweep, whose memory is bounded by this.
inline constexpr std::size_t kMostCells = 2'000'000;

/// `root` is the file without its sweep, and known to read as fields of a run, of its music and others;
/// `sweep` may be null: one cell. A mistake is a usage error that names file, line and cell; so is a cell
/// that is asked for twice, and an exclusion that leaves out none.
CellSet read_cells(const ConfigNode& root, const ConfigNode* sweep);

/// The readable part of a run's name by its config alone. In a sweep, other fields that differ stand with it.
std::string slug_of(const RunConfig& config);

/// SHA-256 of a semantic config.
std::string config_digest(const Json& semantic_config);
/// That of a cell, computed where read_cells has not.
std::string digest_of(const Cell& cell);

/// Slug, "-", and the first 12 hexadecimal digits of what alone identifies the run: the digest of its
/// semantic config (the seed is in it) and of its inputs. A slug may change as a sweep gets other axes;
/// identity does not.
std::string run_id(const Cell& cell, const std::map<std::string, std::string>& input_digests);
/// The part of an id after its slug.
std::string identity_of(const std::string& run_id);

}  // namespace mofi
