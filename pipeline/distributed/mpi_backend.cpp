#include "distributed/mpi_backend.h"

#include <mpi.h>
#include <torch/torch.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "core/error.h"
#include "distributed/communicator.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

MPI_Datatype mpi_type(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat32:
      return MPI_FLOAT;
    case torch::kFloat64:
      return MPI_DOUBLE;
    case torch::kInt64:
      return MPI_INT64_T;
    case torch::kInt32:
      return MPI_INT32_T;
    case torch::kUInt8:
      return MPI_UINT8_T;
    default:
      fail(ExitCode::kInternal, "the MPI backend cannot send tensors of type {}", torch::toString(type));
  }
}

MPI_Op mpi_operation(const c10d::ReduceOp& operation) {
  switch (operation) {
    case c10d::ReduceOp::SUM:
      return MPI_SUM;
    case c10d::ReduceOp::MAX:
      return MPI_MAX;
    case c10d::ReduceOp::MIN:
      return MPI_MIN;
    default:
      fail(ExitCode::kInternal, "the MPI backend can sum, maximise and minimise, nothing else");
  }
}

void check(int result, const char* what) {
  if (result != MPI_SUCCESS)
    fail(ExitCode::kInternal, "MPI: {} of tensors failed with code {}", what, result);
}

/// A collective under way. The Reducer waits on its future.
class MpiWork : public c10d::Work {
 public:
  MpiWork(c10d::OpType type, std::vector<torch::Tensor> tensors)
      : Work(-1, type),
        future_(c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()))),
        tensors_(std::move(tensors)) {}

  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }
  std::vector<torch::Tensor> result() override { return tensors_; }

  void run(const std::function<void()>& collective) {
    try {
      collective();
      future_->markCompleted(c10::IValue(tensors_));
      finish();
    } catch (...) {
      future_->setError(std::current_exception());
      finish(std::current_exception());
    }
  }

 private:
  c10::intrusive_ptr<c10::ivalue::Future> future_;
  std::vector<torch::Tensor> tensors_;
};

class MpiBackend : public c10d::Backend {
 public:
  MpiBackend(const World& world, std::shared_ptr<Trace> trace)
      : Backend(world.rank(), world.size()), trace_(std::move(trace)) {
    if (size_ == 1) return;
    // A communicator of its own: its collectives never meet those of the control path.
    check(MPI_Comm_dup(world.communicator().comm, &communicator_), "a communicator");
    worker_ = std::thread([this] { work_off(); });
  }

  ~MpiBackend() override {
    if (!worker_.joinable()) return;
    {
      const std::lock_guard lock(queue_mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    worker_.join();
    MPI_Comm_free(&communicator_);
  }

  const std::string getBackendName() const override { return "mpi"; }  // NOLINT: the signature is c10d's

  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<torch::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    const MPI_Op operation = mpi_operation(options.reduceOp);
    return enqueue(c10d::OpType::ALLREDUCE, "reduction", tensors, [this, operation](torch::Tensor& tensor) {
      check(MPI_Allreduce(MPI_IN_PLACE, tensor.data_ptr(), static_cast<int>(tensor.numel()),
                          mpi_type(tensor.scalar_type()), operation, communicator_),
            "a reduction");
    });
  }

  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<torch::Tensor>& tensors,
                                           const c10d::BroadcastOptions& options) override {
    const int root = static_cast<int>(options.rootRank);
    return enqueue(c10d::OpType::BROADCAST, "broadcast", tensors, [this, root](torch::Tensor& tensor) {
      check(MPI_Bcast(tensor.data_ptr(), static_cast<int>(tensor.numel()), mpi_type(tensor.scalar_type()),
                      root, communicator_),
            "a broadcast");
    });
  }

  c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<torch::Tensor>>& outputs,
                                           std::vector<torch::Tensor>& inputs,
                                           const c10d::AllgatherOptions&) override {
    auto work = c10::make_intrusive<MpiWork>(c10d::OpType::ALLGATHER, outputs.at(0));
    return start(work, "gather", inputs, [this, outputs, inputs] {
      torch::Tensor gathered = torch::empty({size_, inputs.at(0).numel()}, inputs[0].options());
      const torch::Tensor mine = inputs[0].contiguous();
      if (size_ == 1)
        gathered[0].copy_(mine.view(-1));
      else
        check(MPI_Allgather(mine.data_ptr(), static_cast<int>(mine.numel()), mpi_type(mine.scalar_type()),
                            gathered.data_ptr(), static_cast<int>(mine.numel()), mpi_type(mine.scalar_type()),
                            communicator_),
              "a gather");
      for (int r = 0; r < size_; ++r) outputs[0][r].copy_(gathered[r].view(outputs[0][r].sizes()));
    });
  }

  c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions&) override {
    auto work = c10::make_intrusive<MpiWork>(c10d::OpType::BARRIER, std::vector<torch::Tensor>{});
    return start(work, "barrier", {}, [this] {
      if (size_ > 1) check(MPI_Barrier(communicator_), "a barrier");
    });
  }

 private:
  /// The collective of each tensor, done in place (through a copy where the tensor is not contiguous).
  c10::intrusive_ptr<c10d::Work> enqueue(c10d::OpType type, const char* name,
                                         std::vector<torch::Tensor>& tensors,
                                         std::function<void(torch::Tensor&)> collective) {
    auto work = c10::make_intrusive<MpiWork>(type, tensors);
    return start(work, name, tensors, [this, tensors, collective = std::move(collective)] {
      if (size_ == 1) return;
      for (const torch::Tensor& tensor : tensors) {
        torch::Tensor dense = tensor.contiguous();
        collective(dense);
        if (!dense.is_same(tensor)) tensor.copy_(dense);
      }
    });
  }

  c10::intrusive_ptr<c10d::Work> start(const c10::intrusive_ptr<MpiWork>& work, const char* name,
                                       const std::vector<torch::Tensor>& tensors,
                                       std::function<void()> collective) {
    if (size_ == 1) {
      work->run(collective);
      return work;
    }
    std::int64_t bytes = 0;
    for (const torch::Tensor& tensor : tensors) bytes += static_cast<std::int64_t>(tensor.nbytes());
    {
      const std::lock_guard lock(queue_mutex_);
      queue_.push_back([this, work, name, bytes, collective = std::move(collective)] {
        work->run([&] {
          const InCollective inside;
          const TraceSpan span(trace_.get(), name, "reductions", bytes);
          collective();
        });
      });
    }
    wake_.notify_one();
    return work;
  }

  void work_off() {
    while (true) {
      std::function<void()> collective;
      {
        std::unique_lock lock(queue_mutex_);
        wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        collective = std::move(queue_.front());
        queue_.pop_front();
      }
      const torch::NoGradGuard no_grad;
      collective();
    }
  }

  std::shared_ptr<Trace> trace_;
  MPI_Comm communicator_ = MPI_COMM_NULL;
  std::thread worker_;
  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
};

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_mpi_backend(const World& world, std::shared_ptr<Trace> trace) {
  return c10::make_intrusive<MpiBackend>(world, std::move(trace));
}

}  // namespace mofi
