#include "distributed/gpu_plugin.h"

#include <dlfcn.h>
#include <torch/torch.h>

#include <filesystem>
#include <vector>

#include "core/error.h"

namespace mofi {
namespace {

struct Attempt {
  const GpuPlugin* plugin = nullptr;
  std::string state;
};

/// Beside the executable (bundle), in lib/ beside its folder (build, installation).
std::vector<std::filesystem::path> plugin_places() {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return {folder / "libmofi_gpu.so", folder.parent_path() / "lib" / "libmofi_gpu.so"};
}

Attempt open_plugin() {
  // The driver is looked for first: without it, loading LibTorch's CUDA libraries would only cost time and
  // fail.
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return {nullptr, "no CUDA driver on this machine"};
  std::string state = "this build has no GPU plug-in (libmofi_gpu.so)";
  for (const auto& path : plugin_places()) {
    if (!std::filesystem::exists(path)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) {
      const char* reason = dlerror();
      state =
          fmt::format("the GPU plug-in cannot be loaded: {}", reason == nullptr ? "unknown reason" : reason);
      continue;
    }
    using Entry = const GpuPlugin* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, kGpuPluginSymbol));
    if (entry == nullptr) return {nullptr, fmt::format("{} is not a plug-in of this program", path.string())};
    const GpuPlugin* plugin = entry();
    const int devices = plugin->device_count();
    if (devices == 0) return {nullptr, "the CUDA driver is there but shows no device"};
    return {plugin, fmt::format("{} CUDA device{}", devices, devices == 1 ? "" : "s")};
  }
  return {nullptr, state};
}

const Attempt& attempt() {
  static const Attempt once = open_plugin();
  return once;
}

}  // namespace

const GpuPlugin* gpu_plugin() { return attempt().plugin; }

const std::string& gpu_state() { return attempt().state; }

torch::Device choose_device(const std::string& wanted, int node_rank, int node_size, bool may_share) {
  if (wanted == "cpu") return torch::kCPU;
  const GpuPlugin* plugin = gpu_plugin();
  if (plugin == nullptr) {
    if (wanted == "cuda") fail(ExitCode::kMissing, "device is cuda, but {}", gpu_state());
    return torch::kCPU;
  }
  const int devices = plugin->device_count();
  if (node_size > devices && !may_share)
    fail(ExitCode::kMissing,
         "{} ranks would train one run together on this node, but it has {}; start at most one rank per "
         "device, or set "
         "training.device=cpu",
         node_size, gpu_state());
  const int device = node_rank % devices;
  plugin->use_device(device);
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(device)};
}

}  // namespace mofi
