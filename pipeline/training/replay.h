#pragma once
// Work that is done again and again with other numbers: recorded once for every shape, then replayed.

#include <torch/types.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "distributed/recorder.h"

namespace mofi {

class Replayed {
 public:
  /// Work on its numbers, which lie where the model is; it reads nothing else that changes, but tensors that
  /// stay where they are.
  using Work = std::function<void(const torch::Tensor& numbers)>;

  /// Without a recorder all work is simply done.
  Replayed(Recorder* recorder, torch::Device device) : recorder_(recorder), device_(device) {}

  /// Does `work` with `numbers`, a tensor of the CPU. Of one shape, the work of every call must be the same.
  /// The host does not wait for the device. What cannot be recorded is told once, and done.
  void run(const std::vector<std::int64_t>& shape, const torch::Tensor& numbers, const Work& work);

 private:
  struct Recorded {
    int calls = 0;
    torch::Tensor numbers;
    std::unique_ptr<Recording> recording;
  };
  torch::Tensor sent(const torch::Tensor& numbers) const;

  Recorder* recorder_;
  torch::Device device_;
  int calls_ = 0;
  std::map<std::vector<std::int64_t>, Recorded> by_shape_;
};

}  // namespace mofi
