// What this build and this machine can do.

#include <H5public.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/config.h"
#include "core/error.h"
#include "core/provenance.h"
#include "distributed/gpu_plugin.h"
#include "model/contraction.h"
#include "model/gpu/kernel_choice.h"
#include "model/products.h"
#include "ranked_stage.h"

namespace {

void line(const std::string& what, const std::string& value) { fmt::print("{:<18}{}\n", what, value); }

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

/// The data archives or unpacked data sets that tests and examples would find.
std::string data_found() {
  std::string found;
  for (const char* variable : {"MOFI_DATA", "MOFI_DATA_UNPACKED"}) {
    const char* folder = std::getenv(variable);
    if (folder == nullptr) continue;
    for (const char* name : {"emopia", "vgmidi", "pretrain", "keymode", "midi-torture"}) {
      const auto base = std::filesystem::path(folder) / name;
      if (std::filesystem::is_directory(base) || std::filesystem::exists(base.string() + ".tar.xz"))
        found += fmt::format("{}{}", found.empty() ? "" : ", ", name);
    }
    if (!found.empty()) return fmt::format("{} ({}={})", found, variable, folder);
  }
  return "none (set MOFI_DATA to a folder of data sets)";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{"Print what this build and this machine can do."};
  bool ranks = false, check_gpu = false;
  app.add_flag("--ranks", ranks, "under mpirun: where every rank sits");
  app.add_flag("--check-gpu", check_gpu, "try a stream, a CUDA graph and an NCCL reduction on the device");
  app.footer("Example:\n  mofi info\n  mpirun -n 2 mofi-info --ranks");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    if (ranks) {
      const Json where = provenance();
      const auto seats = world.gather(fmt::format("rank {} of {}: {}, {} of {} on its node", world.rank(),
                                                  world.size(), where["host"].get<std::string>(),
                                                  world.node_rank() + 1, world.node_size()));
      if (world.is_root())
        for (const std::string& seat : seats) fmt::print("{}\n", seat);
      return;
    }
    if (!world.is_root()) return;
    line("program", producer());
    line("LibTorch", fmt::format("{}, CPU kernels {}, {}", TORCH_VERSION, at::get_cpu_capability(),
                                 at::globalContext().hasMKL() ? "MKL" : "no MKL"));
    const ProductChoice& products = product_choice();
    line("CPU",
         fmt::format("{} cores, own kernels for {}", std::thread::hardware_concurrency(), kernel_target()));
    line("float32 products", fmt::format("{} ({}); measured, oneDNN is {:.1f} times as fast as ATen here",
                                         products.library == ProductLibrary::kOneDnn ? "oneDNN" : "ATen",
                                         products.reason, measured_speed_of_onednn()));
    line("MPI", World::describe());
    line("HDF5", hdf5_version());
    line("data", data_found());
    const GpuPlugin* plugin = gpu_plugin();
    line("GPU", gpu_state());
    if (plugin == nullptr) {
      if (check_gpu) fail(ExitCode::kMissing, "--check-gpu: {}", gpu_state());
      return;
    }
    for (int device = 0; device < plugin->device_count(); ++device)
      line(fmt::format("  device {}", device), plugin->describe_device(device));
    line("NCCL", plugin->nccl_version());
    for (const KernelState& kernel : kernel_states(torch::Device(torch::kCUDA, 0)))
      line("  own kernel", fmt::format("{}: {}", kernel.name, kernel.state));
    if (!check_gpu) return;
    const std::string wrong = plugin->self_check();
    if (!wrong.empty()) fail(ExitCode::kInternal, "the GPU check failed: {}", wrong);
    line("GPU check", "stream, graph and NCCL at one rank agree with plain results");
  });
}
