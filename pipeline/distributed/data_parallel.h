#pragma once
// Data parallelism by PyTorch's own engine, c10d::Reducer: gradients are summed over ranks in buckets, while
// the backward pass is still under way. The transport is NCCL on GPUs and MPI on CPUs.

#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "distributed/trace.h"
#include "distributed/world.h"

namespace c10d {
class Reducer;
class Logger;
class ProcessGroup;
}  // namespace c10d

namespace mofi {

/// How gradients travel. Small buckets begin sooner, large ones use the network better; the first is small,
/// so that it begins while almost all of the backward pass is still to come (PyTorch's own sizes).
struct DataParallelOptions {
  double bucket_mib = 25;
  double first_bucket_mib = 1;
  /// false: one bucket of everything, reduced after the backward pass; what overlap is compared with.
  bool overlap = true;
  /// Where reductions are recorded, on CPUs (NCCL's are in the profilers of its device).
  std::shared_ptr<Trace> trace = {};
};

/// Keeps the gradients of equal models on all ranks equal. At one rank it does nothing at all.
///
/// A step reads: prepare_forward(); loss = …; prepare_backward(loss); loss.backward(); — after which every
/// parameter's gradient is the mean over ranks of the local gradients. Make each rank's loss (its share of
/// the global sum) × (ranks) / (global count), and the mean is the gradient of the global mean, however
/// unevenly the rows fall.
///
/// Gradients are accumulated over micro-batches by calling prepare_backward before the last backward alone:
/// those before it add to the local gradients and send nothing. The count is then that of all micro-batches.
class DataParallel {
 public:
  /// `parameters` in the order in which the forward pass meets them, so that the last are reduced first.
  /// Broadcasts root's parameter values, so that all ranks start equal. Gradients live in the reducer's
  /// buckets from then on: zero them in place, never set them to none.
  DataParallel(const World& world, const std::vector<torch::Tensor>& parameters, torch::Device device,
               const DataParallelOptions& options = {});
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  /// Once a step, before the first forward pass that is to be reduced. A sign of life (World::alive), too.
  void prepare_forward();
  void prepare_backward(const torch::Tensor& loss);

 private:
  bool on_device_ = false;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::shared_ptr<c10d::Reducer> reducer_;
  std::shared_ptr<c10d::Logger> logger_;
};

}  // namespace mofi
