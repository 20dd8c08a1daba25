#include "training/checkpoint.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "model/weights.h"
#include "storage/safetensors.h"

namespace mofi {
namespace {

constexpr const char* kManifest = "checkpoint.json";
constexpr const char* kPrefix = "step_";

std::string digest_of(Json manifest) {
  manifest.erase("content_sha256");
  return sha256_of_text(manifest.dump());
}

Json fingerprint(const std::filesystem::path& file) {
  const auto bytes = read_bytes(file, std::size_t{1} << 40);
  return {{"bytes", bytes.size()}, {"sha256", sha256_of_bytes(bytes)}};
}

/// Newest first.
std::vector<std::filesystem::path> checkpoints_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().filename().string().starts_with(kPrefix)) found.push_back(entry.path());
  std::sort(found.rbegin(), found.rend());
  return found;
}

/// Throws kData or kMissing where anything is not as it was written.
Json verified_manifest(const std::filesystem::path& checkpoint) {
  const auto path = checkpoint / kManifest;
  const Json manifest = Json::parse(read_text(path), nullptr, false);
  if (!manifest.is_object() || manifest.value("content_sha256", "") != digest_of(manifest))
    fail(ExitCode::kData, "{}: its contents are not those that were written", path.string());
  if (manifest.value("schema", "") != kCheckpointSchema)
    fail(ExitCode::kUsage, "{}: is of schema {}; this program reads {}", path.string(),
         manifest.value("schema", "none"), kCheckpointSchema);
  for (const auto& [name, expected] : manifest["files"].items())
    if (fingerprint(checkpoint / name) != expected)
      fail(ExitCode::kData, "{}: its contents are not those that were written", (checkpoint / name).string());
  return manifest;
}

bool is_whole(const std::filesystem::path& checkpoint) {
  try {
    verified_manifest(checkpoint);
    return true;
  } catch (const Error& error) {
    log_warning("{}; it is made again", error.what());
    return false;
  }
}

const SafeTensor& same_tensor(const SafeTensorFile& file, const NamedTensor& wanted,
                              const std::string& name) {
  for (const SafeTensor& tensor : file.tensors)
    if (tensor.name == wanted.name && wanted.tensor.sizes() == torch::IntArrayRef(tensor.shape) &&
        tensor.bytes.size() == wanted.tensor.nbytes())
      return tensor;
  fail(ExitCode::kData, "{}: has no {} of the shape that this run has; it was made by another program", name,
       wanted.name);
}

}  // namespace

void write_checkpoint(const std::filesystem::path& folder, std::int64_t step, const std::string& identity,
                      const Json& state, const std::vector<CheckpointFile>& files, int keep) {
  const auto target = folder / fmt::format("{}{:09}", kPrefix, step);
  std::error_code ignored;
  if (!std::filesystem::exists(target) || !is_whole(target)) {
    std::filesystem::remove_all(target, ignored);
    AtomicFolder checkpoint(target);
    Json manifest = {{"schema", kCheckpointSchema}, {"identity", identity}, {"step", step}, {"files", {}}};
    for (const CheckpointFile& file : files) {
      save_tensors(checkpoint.path() / file.name, file.tensors, file.metadata);
      manifest["files"][file.name] = fingerprint(checkpoint.path() / file.name);
    }
    manifest["state"] = state;
    manifest["content_sha256"] = digest_of(manifest);
    write_atomically(checkpoint.path() / kManifest, manifest.dump(1) + "\n");
    checkpoint.commit();
  }
  const auto all = checkpoints_in(folder);
  for (std::size_t i = static_cast<std::size_t>(keep); i < all.size(); ++i)
    std::filesystem::remove_all(all[i], ignored);
}

std::optional<FoundCheckpoint> newest_checkpoint(const std::filesystem::path& folder,
                                                 const std::string& identity) {
  remove_abandoned_temporaries(folder);
  for (const auto& path : checkpoints_in(folder)) {
    try {
      Json manifest = verified_manifest(path);
      if (manifest["identity"] != identity)
        fail(ExitCode::kUsage,
             "{}: is a checkpoint of another run ({}, not {}); remove the folder, or give another output",
             path.string(), manifest["identity"].get<std::string>(), identity);
      return FoundCheckpoint{path, manifest["step"].get<std::int64_t>(), std::move(manifest["state"])};
    } catch (const Error& error) {
      if (error.code() == ExitCode::kUsage) throw;
      log_warning("{}; the checkpoint before it is taken, if there is one", error.what());
    }
  }
  return std::nullopt;
}

void restore_tensors(const World& world, const std::optional<FoundCheckpoint>& found,
                     const CheckpointFile& file) {
  const torch::NoGradGuard no_grad;
  SafeTensorFile read;
  std::string name;
  if (world.is_root()) {
    name = (found->folder / file.name).string();
    read = read_safetensors(name);
  }
  for (const NamedTensor& wanted : file.tensors) {
    std::string bytes;
    if (world.is_root()) {
      const SafeTensor& tensor = same_tensor(read, wanted, name);
      bytes.assign(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    }
    bytes = world.broadcast(std::move(bytes));
    torch::Tensor values = torch::empty(wanted.tensor.sizes(), wanted.tensor.scalar_type());
    std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
    wanted.tensor.detach().copy_(values);
  }
}

}  // namespace mofi
