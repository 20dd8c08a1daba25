#include "storage/torch_checkpoint_text.h"

#include <fmt/core.h>

#include "core/aligned.h"
#include "core/hash.h"
#include "storage/artifact_text.h"
#include "storage/midibert_layout.h"
#include "storage/safetensors_text.h"

namespace mofi {

std::string text_of(const TorchCheckpointFile& file, std::size_t lines) {
  const TorchCheckpoint& checkpoint = file.checkpoint;
  const auto layout = midibert_layout(checkpoint.tensors);
  Facts facts = {
      {"container", checkpoint.container},
      {"model", layout ? text_of(*layout) : "none that is known: no tensor has a name of MidiBERT's"},
      {"size", fmt::format("{}; the file has {:.1f} MB", totals_of(checkpoint.tensors),
                           static_cast<double>(file.contents.size()) / 1e6)},
      {"file", sha256_of_bytes(file.contents) + " (SHA-256 of its bytes)"}};
  if (checkpoint.shared > 0)
    facts.push_back({"shared", counted(checkpoint.shared, "tensor") + " of storages that others have, too"});
  if (checkpoint.gathered > 0)
    facts.push_back({"not row-major", counted(checkpoint.gathered, "tensor") + ", put in order here"});
  std::string text = "A PyTorch checkpoint, read without running anything of it\n" + aligned(facts);
  Facts beside;
  for (const auto& [key, value] : checkpoint.scores) beside.push_back({key, value});
  for (const auto& [key, value] : checkpoint.unread) beside.push_back({key, value + ", not read"});
  if (!beside.empty()) text += "\nBeside the parameters\n" + aligned(beside);
  return text + "\n" + table_of(checkpoint.tensors, lines);
}

}  // namespace mofi
