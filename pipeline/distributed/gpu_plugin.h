#pragma once
// The GPU part of the build, libmofi_gpu.so: opened at run time where there is a device, so that the
// executables need nothing of CUDA. Loading it brings LibTorch's CUDA backend with it; tensors can then live
// on the device.

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <memory>
#include <string>

#include "distributed/recorder.h"

namespace mofi {

/// What the plug-in offers. Plain function pointers: it is opened with dlopen.
struct GpuPlugin {
  int (*device_count)();
  /// Name, memory and compute capability of a device; "" past the last.
  std::string (*describe_device)(int device);
  /// Version of NCCL in use, "2.28.9".
  std::string (*nccl_version)();
  void (*use_device)(int device);
  /// An NCCL process group whose ranks find each other through `store`.
  c10::intrusive_ptr<c10d::Backend> (*make_nccl_backend)(const c10::intrusive_ptr<c10d::Store>& store,
                                                         int rank, int size);
  /// Records CUDA graphs on this device.
  std::unique_ptr<Recorder> (*make_recorder)(int device);
  /// Runs a product on a side stream, captures it in a CUDA graph, replays it on new input, reduces over NCCL
  /// at one rank, and compares all with plain results. "" when all agree, else what did not.
  std::string (*self_check)();
};

/// The one symbol of the library: `const mofi::GpuPlugin* mofi_gpu_plugin()`.
inline constexpr const char* kGpuPluginSymbol = "mofi_gpu_plugin";

/// The plug-in when this machine has a usable device, else nullptr. Tried once.
const GpuPlugin* gpu_plugin();

/// Why gpu_plugin() is what it is, in a sentence.
const std::string& gpu_state();

/// The device of this rank for "auto", "cpu" or "cuda". Ranks of a node take its devices in turn.
/// They may share one where each does runs of its own, not where they train one run together. Throws kMissing
/// when cuda is asked for and not there, or when ranks that must not would have to share.
torch::Device choose_device(const std::string& wanted, int node_rank, int node_size, bool may_share);

}  // namespace mofi
