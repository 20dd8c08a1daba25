#pragma once
// A checkpoint that torch.save has written, without Python and without running anything: its state_dict, and
// the numbers and texts beside it. Knows nothing of LibTorch.

#include <cstddef>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/safetensors.h"

namespace mofi {

struct TorchCheckpoint {
  std::string container;            ///< "zip" or "legacy"
  std::vector<SafeTensor> tensors;  ///< the state_dict, in its order; row-major
  /// Numbers and texts beside the state_dict, in words: "epoch" and "7".
  std::vector<std::pair<std::string, std::string>> scores;
  std::vector<std::pair<std::string, std::string>>
      unread;  ///< what else is beside it: "optimizer" and "a dictionary of 2"
  /// Tensors whose storage others have, too. Each is given whole, as safetensors knows no sharing.
  std::size_t shared = 0;
  std::size_t gathered = 0;  ///< tensors that were no row-major part of their storage, and were put in order
  std::deque<std::vector<std::byte>> unpacked;  ///< storages that were deflated, and gathered tensors
};

/// Whether a file that begins with these bytes may be such a checkpoint (or another zip archive).
bool begins_as_torch_checkpoint(std::string_view beginning);

/// Reads the state_dict: what stands under "state_dict", or the file's own dictionary where that holds
/// tensors. The tensors view `bytes`, or `unpacked`. No more is held than a fixed multiple of the file's
/// size. Throws kData in one sentence, with `name` for the file.
TorchCheckpoint parse_torch_checkpoint(std::span<const std::byte> bytes, const std::string& name);

/// A whole file in memory; the tensors view its contents.
struct TorchCheckpointFile {
  std::vector<std::byte> contents;
  TorchCheckpoint checkpoint;
};
TorchCheckpointFile read_torch_checkpoint(const std::filesystem::path& path);

}  // namespace mofi
