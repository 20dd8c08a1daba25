#pragma once
// What lets a killed run go on as if nothing had happened: FOLDER/step_000000120/ with safetensors files and
// checkpoint.json, which holds the state, the sizes and digests of the files, and a digest of itself. A
// checkpoint appears whole or not at all, and is verified before it is used: one that is damaged is told and
// passed over for the one before.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "distributed/world.h"
#include "model/parameters.h"
#include "training/checkpoint_schema.h"

namespace mofi {

/// One safetensors file of a checkpoint.
struct CheckpointFile {
  std::string name;  ///< "weights.safetensors"
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata = {};
};

/// Writes the checkpoint of `step`, then removes all but the newest `keep`. For one process.
/// `identity` says what the checkpoint is of: another run's is not taken for this one's.
void write_checkpoint(const std::filesystem::path& folder, std::int64_t step, const std::string& identity,
                      const Json& state, const std::vector<CheckpointFile>& files, int keep);

/// A checkpoint that was found whole.
struct FoundCheckpoint {
  std::filesystem::path folder;
  std::int64_t step = 0;
  Json state;
};

/// The newest whole checkpoint of this identity; none when there is no other. Damaged ones are passed over
/// with a warning, those of another identity throw kUsage.
std::optional<FoundCheckpoint> newest_checkpoint(const std::filesystem::path& folder,
                                                 const std::string& identity);

/// Fills tensors, all of them, from a file of a checkpoint. Collective: rank 0 reads, all ranks are given the
/// same. `found` counts at rank 0. Throws kData where names, shapes or types are not the same.
void restore_tensors(const World& world, const std::optional<FoundCheckpoint>& found,
                     const CheckpointFile& file);

}  // namespace mofi
