#pragma once
// Work of a device, recorded once and done again without the host starting every kernel (CUDA graphs): with
// what then stands in the tensors that it reads. So it depends on no number of the host, keeps all shapes,
// and waits for nothing.

#include <functional>
#include <memory>

namespace mofi {

class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

/// For its life, LibTorch's work of this thread goes to a stream that can be recorded.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Notes what `work` would do, and does none of it.
  virtual std::unique_ptr<Recording> record(std::function<void()> work) = 0;
};

/// Where there is no device: a replay calls the work again.
class CallingRecorder : public Recorder {
 public:
  std::unique_ptr<Recording> record(std::function<void()> work) override {
    struct Calling : Recording {
      std::function<void()> work;
      void replay() override { work(); }
    };
    auto recording = std::make_unique<Calling>();
    recording->work = std::move(work);
    return recording;
  }
};

}  // namespace mofi
