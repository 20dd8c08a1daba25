#include "distributed/data_parallel.h"

#include <netdb.h>
#include <torch/torch.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/logger.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <array>

#include "core/error.h"
#include "distributed/gpu_plugin.h"
#include "distributed/mpi_backend.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr std::int64_t kFirstBucketBytes = 1 << 20;
constexpr std::int64_t kBucketBytes = 25 << 20;

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// The store through which NCCL's ranks meet: root opens a free port and tells host and port over MPI.
c10::intrusive_ptr<c10d::Store> meet_over_tcp(const World& world) {
  c10d::TCPStoreOptions options;
  options.numWorkers = static_cast<std::size_t>(world.size());
  options.waitWorkers = false;
  if (world.is_root()) {
    options.isServer = true;
    options.port = 0;
    auto store = c10::make_intrusive<c10d::TCPStore>(
        world.node_size() == world.size() ? "localhost" : host_name(), options);
    world.broadcast(fmt::format("{} {}", store->getHost(), store->getPort()));
    return store;
  }
  const std::string address = world.broadcast("");
  const auto space = address.find(' ');
  options.port = static_cast<std::uint16_t>(std::stoi(address.substr(space + 1)));
  return c10::make_intrusive<c10d::TCPStore>(address.substr(0, space), options);
}

c10::intrusive_ptr<c10d::ProcessGroup> make_group(const World& world, torch::Device device) {
  auto group = c10::make_intrusive<c10d::ProcessGroup>(world.rank(), world.size());
  if (device.is_cuda()) {
    const auto type = c10d::ProcessGroup::BackendType::NCCL;
    group->setBackend(torch::kCUDA, type,
                      gpu_plugin()->make_nccl_backend(meet_over_tcp(world), world.rank(), world.size()));
    group->setDefaultBackend(type);
  } else {
    const auto type = c10d::ProcessGroup::BackendType::CUSTOM;
    group->setBackend(torch::kCPU, type, make_mpi_backend(world));
    group->setDefaultBackend(type);
  }
  return group;
}

}  // namespace

DataParallel::DataParallel(const World& world, const std::vector<Tensor>& parameters, torch::Device device) {
  if (world.size() == 1) return;
  group_ = make_group(world, device);
  {
    const torch::NoGradGuard no_grad;
    c10d::broadcast_coalesced(group_, parameters, kBucketBytes);
  }
  const std::vector<bool> sparse(parameters.size(), false);
  // Buckets in reverse order of registration: about the order in which gradients become ready.
  auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
      parameters, {static_cast<std::size_t>(kFirstBucketBytes), static_cast<std::size_t>(kBucketBytes)},
      sparse));
  std::reverse(buckets.begin(), buckets.end());
  reducer_ = std::make_shared<c10d::Reducer>(
      parameters, buckets, group_, sparse, kBucketBytes, /*find_unused_parameters=*/false,
      /*gradient_as_bucket_view=*/true, std::unordered_map<std::size_t, std::string>{}, kFirstBucketBytes,
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
  logger_ = std::make_shared<c10d::Logger>(reducer_);
  reducer_->set_logger(logger_);
}

DataParallel::~DataParallel() = default;

void DataParallel::prepare_forward() {
  if (!reducer_) return;
  reducer_->rebuild_buckets();
  reducer_->prepare_for_forward();
}

void DataParallel::prepare_backward(const Tensor& loss) {
  if (reducer_) reducer_->prepare_for_backward({loss});
}

}  // namespace mofi
