// libmofi_gpu.so: everything of the program that needs CUDA or NCCL (distributed/gpu_plugin.h). It compiles
// against headers alone; its libraries are those that libtorch_cuda brings, found where there is a device.

#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/torch.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <optional>

#include "distributed/gpu_plugin.h"

namespace mofi {
namespace {

int device_count() { return static_cast<int>(c10::cuda::device_count()); }

std::string describe_device(int device) {
  if (device < 0 || device >= device_count()) return "";
  const cudaDeviceProp* properties = at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device));
  constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
  char text[512];
  std::snprintf(text, sizeof text, "%s, %.0f GiB, compute capability %d.%d, %d multiprocessors",
                properties->name, static_cast<double>(properties->totalGlobalMem) / kGibibyte,
                properties->major, properties->minor, properties->multiProcessorCount);
  return text;
}

std::string nccl_version() { return c10d::getNcclVersion(); }

void use_device(int device) { c10::cuda::set_device(static_cast<c10::DeviceIndex>(device)); }

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                                    int size) {
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size);
}

class CudaGraph : public Recording {
 public:
  CudaGraph(const std::function<void()>& work, at::cuda::MempoolId_t pool) {
    graph_.capture_begin(pool);
    try {
      work();
    } catch (...) {
      try {
        graph_.capture_end();  // gives the stream free again; what went wrong is already known
      } catch (...) {
      }
      throw;
    }
    graph_.capture_end();
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

/// Graphs of one recorder are never under way together, so they share their memory.
class GraphRecorder : public Recorder {
 public:
  explicit GraphRecorder(c10::DeviceIndex device)
      : stream_(c10::cuda::getStreamFromPool(false, device)), pool_(at::cuda::graph_pool_handle()) {
    c10::cuda::device_synchronize();  // what was begun on the stream before is there for this one
    guard_.emplace(stream_);
  }
  ~GraphRecorder() override { stream_.synchronize(); }
  std::unique_ptr<Recording> record(std::function<void()> work) override {
    return std::make_unique<CudaGraph>(work, pool_);
  }

 private:
  c10::cuda::CUDAStream stream_;
  at::cuda::MempoolId_t pool_;
  std::optional<c10::cuda::CUDAStreamGuard> guard_;
};

std::unique_ptr<Recorder> make_recorder(int device) {
  return std::make_unique<GraphRecorder>(static_cast<c10::DeviceIndex>(device));
}

std::string self_check() {
  const torch::Device device(torch::kCUDA, c10::cuda::current_device());
  const torch::Tensor a = torch::randn({256, 256}, device), b = torch::randn({256, 256}, device);
  torch::Tensor input = a.clone(), output;

  const c10::cuda::CUDAStream side = c10::cuda::getStreamFromPool();
  {
    const c10::cuda::CUDAStreamGuard guard(side);
    output = torch::matmul(input, b);  // warms up: the first product makes the library's handle and workspace
    side.synchronize();
    at::cuda::CUDAGraph graph;
    graph.capture_begin();
    output = torch::matmul(input, b);
    graph.capture_end();
    input.copy_(2 * a);
    graph.replay();
    side.synchronize();
  }
  if (!torch::allclose(output, 2 * torch::matmul(a, b), 1e-3, 1e-3))
    return "a replayed CUDA graph gives another product";

  const auto group = make_nccl_backend(c10::make_intrusive<c10d::HashStore>(), 0, 1);
  std::vector<torch::Tensor> reduced = {a.clone()};
  group->allreduce(reduced)->wait();
  if (!torch::equal(reduced[0], a)) return "NCCL at one rank changes what it reduces";
  return "";
}

constexpr GpuPlugin kPlugin = {device_count,      describe_device, nccl_version, use_device,
                               make_nccl_backend, make_recorder,   self_check};

}  // namespace
}  // namespace mofi

extern "C" __attribute__((visibility("default"))) const mofi::GpuPlugin* mofi_gpu_plugin() {
  return &mofi::kPlugin;
}
