#include "training/run_config.h"

#include <algorithm>

#include "core/error.h"

namespace mofi {

void complete(RunConfig& config) {
  validate(config.model);
  if (config.data.max_words > config.model.max_position)
    fail(ExitCode::kUsage, "data.max_words is {}, but model.max_position allows {}", config.data.max_words,
         config.model.max_position);
  if (config.data.evaluate.empty())
    fail(ExitCode::kUsage, "data.evaluate is empty; expected some of train, valid, test");
  auto& parts = config.data.evaluate;  // sorted: their order has no effect
  std::sort(parts.begin(), parts.end());
  if (std::adjacent_find(parts.begin(), parts.end()) != parts.end())
    fail(ExitCode::kUsage, "data.evaluate names a part twice");

  if (config.data.split == "folds") {
    if (config.data.fold >= config.data.folds)
      fail(ExitCode::kUsage, "data.fold is {}; with data.folds={} the folds are 0 to {}", config.data.fold,
           config.data.folds, config.data.folds - 1);
    if (std::find(parts.begin(), parts.end(), "valid") != parts.end())
      fail(ExitCode::kUsage, "data.evaluate names valid, but split: folds has only train and test");
    if (config.training.validates())
      fail(ExitCode::kUsage,
           "training.select: best and training.patience need a valid part; split: folds has only train and "
           "test");
  } else {
    const DataConfig defaults;
    config.data.folds = defaults.folds;
    config.data.fold = defaults.fold;
    config.data.fold_seed = defaults.fold_seed;
  }

  if (config.injection.condition == "none") {
    config.injection = InjectionConfig{};
  } else if (config.injection.site > config.model.layers) {
    fail(ExitCode::kUsage, "injection.site is {}; a model of {} layers has sites 0 to {}",
         config.injection.site, config.model.layers, config.model.layers);
  }
}

}  // namespace mofi
