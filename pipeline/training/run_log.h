#pragma once
// What a run tells of itself while it goes on: events.jsonl, one object a line, and the same scalars for
// TensorBoard. Both are made anew from the state of a run that goes on, so that nothing stands in them twice.

#include <filesystem>
#include <fstream>
#include <memory>

#include "core/config.h"
#include "storage/tensorboard.h"

namespace mofi {

class RunLog {
 public:
  /// Of a folder, beginning with these events; of an empty path: says nothing.
  RunLog(const std::filesystem::path& folder, const Json& events);

  /// An object with "step" and "time_s"; its numbers, and those of objects in it, become scalars named by
  /// their paths ("train/accuracy/Pitch").
  void add(const Json& event);

 private:
  void write(const Json& event);
  void flush();

  std::ofstream lines_;
  std::unique_ptr<TensorboardWriter> scalars_;
};

}  // namespace mofi
