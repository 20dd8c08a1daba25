#pragma once
// What a run tells of itself while it goes on: events.jsonl, one object a line, and the same scalars for
// TensorBoard. Both are made anew from the state of a run that goes on, so that nothing stands in them twice.

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "core/config.h"

namespace mofi {

class RunLog {
 public:
  /// Of a folder, beginning with these events; of an empty path: says nothing.
  RunLog(const std::filesystem::path& folder, const Json& events);

  /// An object with "step"; its numbers, and those of objects in it, become scalars named by their paths.
  void add(const Json& event);

 private:
  void write(const Json& event);

  std::ofstream lines_;
};

}  // namespace mofi
