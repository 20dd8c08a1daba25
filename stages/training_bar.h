#pragma once
// The progress of a training on the terminal.

#include <memory>
#include <string>

#include "core/progress.h"
#include "training/loop.h"

namespace mofi {

/// Takes the loop's reports. Copies share one bar.
class TrainingBar {
 public:
  TrainingBar(std::string label, bool silent) : label_(std::move(label)), silent_(silent) {}

  void operator()(const LoopReport& report);

 private:
  std::string label_;
  bool silent_;
  std::shared_ptr<ProgressBar> bar_;
};

}  // namespace mofi
