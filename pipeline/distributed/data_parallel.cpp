#include "distributed/data_parallel.h"

#include <netdb.h>
#include <torch/torch.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/logger.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <array>
#include <chrono>
#include <limits>

#include "core/error.h"
#include "distributed/gpu_plugin.h"
#include "distributed/mpi_backend.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr double kMebibyte = 1 << 20;
/// Of the messages in which root's values are given out at the start, which no option changes.
constexpr std::size_t kBroadcastBytes = 25 << 20;

struct BucketBytes {
  std::int64_t first, others;
};

BucketBytes bucket_bytes(const DataParallelOptions& options) {
  constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::max();
  if (!options.overlap) return {kEverything, kEverything};
  if (!(options.bucket_mib > 0) || !(options.first_bucket_mib > 0))
    fail(ExitCode::kUsage, "buckets of gradients must be larger than 0 MiB, not {:g} and first {:g}",
         options.bucket_mib, options.first_bucket_mib);
  return {static_cast<std::int64_t>(options.first_bucket_mib * kMebibyte),
          static_cast<std::int64_t>(options.bucket_mib * kMebibyte)};
}

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

/// NCCL ends a rank whose collective takes too long, too, but knows no culprit: the watchdog speaks first.
std::chrono::milliseconds nccl_timeout(double rank_timeout_s) {
  using std::chrono::hours, std::chrono::seconds;
  if (rank_timeout_s == 0) return hours(24 * 365);
  return seconds(60 + static_cast<std::int64_t>(rank_timeout_s));
}

c10::intrusive_ptr<c10d::ProcessGroup> make_group(const World& world, torch::Device device,
                                                  const std::shared_ptr<Trace>& trace) {
  auto group = c10::make_intrusive<c10d::ProcessGroup>(world.rank(), world.size());
  if (device.is_cuda()) {
    const auto type = c10d::ProcessGroup::BackendType::NCCL;
    auto nccl = gpu_plugin()->make_nccl_backend(meet_over_tcp(world), world.rank(), world.size());
    nccl->setTimeout(nccl_timeout(world.rank_timeout_s()));
    group->setBackend(torch::kCUDA, type, nccl);
    group->setDefaultBackend(type);
  } else {
    const auto type = c10d::ProcessGroup::BackendType::CUSTOM;
    group->setBackend(torch::kCPU, type, make_mpi_backend(world, trace));
    group->setDefaultBackend(type);
  }
  return group;
}

}  // namespace

DataParallel::DataParallel(const World& world, const std::vector<Tensor>& parameters, torch::Device device,
                           const DataParallelOptions& options)
    : on_device_(!device.is_cpu()) {
  const BucketBytes bytes = bucket_bytes(options);
  if (world.size() == 1) return;
  try {
    group_ = make_group(world, device, options.trace);
    const torch::NoGradGuard no_grad;
    c10d::broadcast_coalesced(group_, parameters, kBroadcastBytes);
  } catch (const c10::Error& error) {
    if (!on_device_) throw;
    const std::string reason = error.what_without_backtrace();
    fail(ExitCode::kMissing,
         "NCCL does not connect the devices of the {} ranks: {}; NCCL_DEBUG=INFO in the environment tells "
         "more",
         world.size(), reason.substr(0, reason.find('\n')));
  }
  const std::vector<bool> sparse(parameters.size(), false);
  // Gradients become ready from the last parameter to the first. The buckets are never rebuilt in the order
  // in which that was seen, as PyTorch does after its first step: MPI may sum in another order in another
  // bucket, and a run that goes on from a checkpoint would differ in its last bits.
  const std::vector<Tensor> backwards(parameters.rbegin(), parameters.rend());
  auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
      backwards, {static_cast<std::size_t>(bytes.first), static_cast<std::size_t>(bytes.others)}, sparse));
  for (auto& bucket : buckets)
    for (std::size_t& index : bucket) index = parameters.size() - 1 - index;
  reducer_ = std::make_shared<c10d::Reducer>(
      parameters, buckets, group_, sparse, bytes.others, /*find_unused_parameters=*/false,
      /*gradient_as_bucket_view=*/true, std::unordered_map<std::size_t, std::string>{}, bytes.first,
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
  logger_ = std::make_shared<c10d::Logger>(reducer_);
  reducer_->set_logger(logger_);
}

DataParallel::~DataParallel() = default;

void DataParallel::prepare_forward() {
  beat();
  if (!reducer_) return;
  reducer_->prepare_for_forward();
}

void DataParallel::prepare_backward(const Tensor& loss) {
  if (!reducer_) return;
  if (on_device_) count_collective();  // whoever hangs before this one is behind the others
  reducer_->prepare_for_backward({loss});
}

}  // namespace mofi
