#include "training/replay.h"

#include <torch/torch.h>

#include "core/log.h"

namespace mofi {
namespace {

// Libraries make their handles, kernels are compared and gradients allocated when they are first needed.
constexpr int kCallsBeforeRecording = 3;

}  // namespace

torch::Tensor Replayed::sent(const torch::Tensor& numbers) const {
  if (device_.is_cpu()) return numbers;
  return numbers.pin_memory().to(device_, /*non_blocking=*/true);
}

void Replayed::run(const std::vector<std::int64_t>& shape, const torch::Tensor& numbers, const Work& work) {
  if (recorder_ == nullptr) return work(sent(numbers));
  Recorded& recorded = by_shape_[shape];
  if (++calls_ <= kCallsBeforeRecording || ++recorded.calls == 1) return work(sent(numbers));
  if (!recorded.recording) {
    recorded.numbers = sent(numbers).clone();
    try {
      recorded.recording = recorder_->record([work, there = recorded.numbers] { work(there); });
    } catch (const std::exception& error) {
      log_warning("steps are done without CUDA graphs, as one could not be recorded: {}", error.what());
      recorder_ = nullptr;
      return work(recorded.numbers);
    }
  } else {
    recorded.numbers.copy_(device_.is_cpu() ? numbers : numbers.pin_memory(), /*non_blocking=*/true);
  }
  recorded.recording->replay();
}

}  // namespace mofi
