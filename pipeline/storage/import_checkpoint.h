#pragma once
// A state_dict of MIDI-BERT, in a PyTorch checkpoint or in safetensors, as weights of this project:
// everything that does not fit is told before anything is written.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "storage/midibert_layout.h"
#include "storage/torch_checkpoint.h"

namespace mofi {

struct CheckpointOptions {
  bool backbone_only = false;  ///< take MidiBERT alone, whatever else there is
  std::vector<std::string>
      class_names;  ///< of a classifier of sequences; empty: Q1 to Q4 for four classes, else class_0 …
  /// Token schemes by the sizes of their columns, which tell them apart.
  std::map<std::string, std::vector<std::int64_t>> schemes;
};

struct ImportedCheckpoint {
  TorchCheckpointFile file;  ///< whose bytes the tensors view; of a safetensors file, those of its container
  MidibertLayout layout;     ///< its tensors are to be written
  /// "config" builds the model as that of weights of one's own does, "classes" and "scheme" likewise; then
  /// where the weights come from (source, source_sha256, layout) and what their file says of them
  /// ("checkpoint.epoch").
  std::map<std::string, std::string> metadata;
};

/// Throws kData where the file cannot be trusted, or with all the lines of what does not fit; kUsage where
/// `class_names` are not as many as the classes.
ImportedCheckpoint import_checkpoint(const std::filesystem::path& path, const CheckpointOptions& options);

}  // namespace mofi
