// What this build and this machine can do.

#include <H5public.h>
#include <sched.h>
#include <torch/torch.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
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

/// "0-3,8": what `taskset -c` would be told.
std::string bound_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return "?";
  std::string text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    const int first = core;
    while (core + 1 < CPU_SETSIZE && CPU_ISSET(core + 1, &allowed)) ++core;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (core > first) text += fmt::format("-{}", core);
  }
  return text;
}

/// What this rank would train on, with device "auto".
std::string seat_device(const mofi::World& world) {
  const auto device = mofi::choose_device("auto", world.node_rank(), world.node_size(), true);
  return device.is_cpu() ? "cpu" : fmt::format("cuda:{}", device.index());
}

/// Who sits where: a line a rank, gathered over MPI and printed by root.
void print_seats(const mofi::World& world) {
  using mofi::Json;
  const mofi::GpuPlugin* plugin = mofi::gpu_plugin();
  const Json mine =
      Json::array({std::to_string(world.rank()), mofi::provenance()["host"], std::to_string(getpid()),
                   fmt::format("{} of {}", world.node_rank(), world.node_size()), bound_cores(),
                   std::to_string(at::get_num_threads()), seat_device(world),
                   plugin == nullptr ? "" : plugin->nccl_version()});
  const bool too_few = plugin != nullptr && world.node_size() > plugin->device_count();
  const bool any_too_few = world.maximum(too_few ? 1 : 0) != 0;
  const auto seats = world.gather(mine.dump());
  if (!world.is_root()) return;

  std::vector<std::vector<std::string>> rows = {
      {"rank", "host", "pid", "on its node", "cores", "threads", "device", "NCCL"}};
  for (const std::string& seat : seats) rows.push_back(Json::parse(seat).get<std::vector<std::string>>());
  const std::size_t columns = rows[0].size();
  if (std::all_of(rows.begin() + 1, rows.end(), [](const auto& row) { return row.back().empty(); }))
    for (auto& row : rows) row.pop_back();
  std::vector<std::size_t> widths(columns);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }
  if (any_too_few)
    fmt::print(
        "A node has more ranks than devices: they may share them for runs of their own (sweep), but cannot "
        "train one run together on them.\n");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{"Print what this build and this machine can do."};
  bool ranks = false, check_gpu = false;
  app.add_flag("--ranks", ranks, "under mpirun: where every rank sits, and on what it would train");
  app.add_flag("--check-gpu", check_gpu, "try a stream, a CUDA graph and an NCCL reduction on the device");
  app.footer("Example:\n  mofi info\n  mpirun -n 2 mofi-info --ranks");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    if (ranks) {
      print_seats(world);
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
