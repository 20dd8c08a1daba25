#include "midi/dataset_config.h"

#include "core/error.h"

namespace mofi {

Corpus open_dataset(const DatasetConfig& config) {
  if (config.name == "synthetic")
    fail(ExitCode::kUsage,
         "data set synthetic is no folder of files; write one with `mofi synthesize`, then open it as a "
         "folder");
  if (config.input.empty()) fail(ExitCode::kUsage, "data set {} needs its folder (--input)", config.name);
  return open_corpus(config.name, config.input, {config.labels, config.classes});
}

}  // namespace mofi
