#include "storage/import_checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/provenance.h"
#include "core/utf8.h"

namespace mofi {
namespace {

std::vector<std::string> class_names(std::int64_t classes, const std::vector<std::string>& given,
                                     const std::string& file) {
  const auto count = static_cast<std::size_t>(classes);
  if (!given.empty() && given.size() != count)
    fail(ExitCode::kUsage, "--classes names {} classes; {} tells {} apart", given.size(), file, count);
  if (!given.empty()) return given;
  if (count == 4) return {"Q1", "Q2", "Q3", "Q4"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("class_{}", i));
  return names;
}

constexpr std::size_t kLargestFile = std::size_t{1} << 40;

TorchCheckpointFile read_state_dict(const std::filesystem::path& path) {
  TorchCheckpointFile file;
  file.contents = read_bytes(path, kLargestFile);
  const std::string_view beginning(reinterpret_cast<const char*>(file.contents.data()),
                                   std::min<std::size_t>(file.contents.size(), 64));
  if (!begins_as_safetensors(beginning, file.contents.size())) {
    file.checkpoint = parse_torch_checkpoint(file.contents, path.string());
    return file;
  }
  SafeTensorFile safetensors = parse_safetensors(std::move(file.contents), path.string());
  file.contents = std::move(safetensors.contents);
  file.checkpoint.container = "safetensors";
  file.checkpoint.tensors = std::move(safetensors.tensors);
  return file;
}

/// The fields of a run's config that build the model. Which rows are padded how is MIDI-BERT's fine-tuning's.
Json config_of(const MidibertLayout& layout) {
  const MidibertSizes& sizes = layout.sizes;
  Json config = {{"data", {{"max_words", sizes.max_position}}},
                 {"model",
                  {{"layers", sizes.layers},
                   {"hidden", sizes.hidden},
                   {"heads", sizes.heads},
                   {"intermediate", sizes.intermediate},
                   {"embedding_width", sizes.embedding_width},
                   {"max_position", sizes.max_position}}}};
  if (layout.kind != "sequence") return config;
  config["head"] = {{"attention_width", layout.head.attention_width},
                    {"attention_rows", layout.head.attention_rows},
                    {"hidden", layout.head.hidden}};
  config["training"] = {{"padding", "attended"}};
  return config;
}

}  // namespace

ImportedCheckpoint import_checkpoint(const std::filesystem::path& path, const CheckpointOptions& options) {
  ImportedCheckpoint imported{read_state_dict(path), {}, {}};
  const std::string name = path.string();
  const TorchCheckpoint& checkpoint = imported.file.checkpoint;
  auto layout = midibert_layout(checkpoint.tensors, options.backbone_only);
  if (checkpoint.tensors.empty()) fail(ExitCode::kData, "{}: has no tensors", name);
  if (!layout)
    fail(ExitCode::kData,
         "{}: none of its {} has a name of MidiBERT's, such as midibert.bert.encoder.layer.0. …; the first "
         "is {}",
         name, counted(checkpoint.tensors.size(), "tensor"), printable(checkpoint.tensors.front().name));
  if (!layout->problems.empty())
    fail(ExitCode::kData, "{}: {} not fit MidiBERT; nothing was written:\n  {}", name,
         layout->problems.size() == 1 ? "1 thing does" : thousands(layout->problems.size()) + " things do",
         fmt::join(layout->problems, "\n  "));

  auto& metadata = imported.metadata;
  metadata = {{"format", "pt"},
              {"schema", "mofi-weights/1"},
              {"producer", producer()},
              {"config", config_of(*layout).dump()},
              {"layout", layout->kind},
              {"source", printable(path.filename().string())},
              {"source_sha256", sha256_of_bytes(imported.file.contents)}};
  for (const auto& [scheme, sizes] : options.schemes)
    if (sizes == layout->sizes.column_sizes) metadata["scheme"] = scheme;
  if (layout->kind == "sequence")
    metadata["classes"] = Json(class_names(layout->head.classes, options.class_names, name)).dump();
  else if (!options.class_names.empty())
    fail(ExitCode::kUsage, "--classes is given; {} is imported as {}, which has no classes of sequences",
         name, layout->kind);
  for (const auto& [key, value] : checkpoint.scores) metadata["checkpoint." + key] = value;
  imported.layout = std::move(*layout);
  return imported;
}

}  // namespace mofi
