#include "training/run_config.h"

#include <algorithm>

#include "core/error.h"

namespace mofi {

void normalise(DataConfig& data) {
  std::sort(data.evaluate.begin(), data.evaluate.end());
  if (data.split == "folds") return;
  const DataConfig defaults;
  data.folds = defaults.folds;
  data.fold = defaults.fold;
  data.fold_seed = defaults.fold_seed;
}

void normalise(InjectionConfig& injection) {
  if (injection.condition == "none") injection = InjectionConfig{};
  if (injection.condition != "features") injection.features.clear();
  std::sort(injection.features.begin(), injection.features.end());
  if (injection.by == "late") injection.together = "";
  if (injection.by == "late" || !injection.together.empty()) injection.site = 0;
  if (injection.by == "late" || (injection.together.empty() && injection.site > 0))
    injection.before_norm = false;
}

void normalise(TrainingConfig& training) {
  std::sort(training.auxiliary.begin(), training.auxiliary.end());
  if (training.auxiliary.empty()) training.auxiliary_weight = TrainingConfig{}.auxiliary_weight;
}

bool has_section(const std::string& system, const std::string& section) {
  if (section == "classifier") return is_classical(system);
  if (section == "recurrent") return is_recurrent(system);
  if (section == "model") return system == kMidiBert;
  const bool is_of_networks = section == "injection" || section == "head" || section == "training";
  return !is_of_networks || !is_classical(system);
}

bool reset_unused(RunConfig& config) {
  if (is_classical(config.system)) {
    config.model = {};
    config.recurrent = {};
    config.injection = {};
    config.head = {};
    config.training = {};
    normalise(config.classifier, config.system);
    return true;
  }
  const bool had_classifier = config.classifier != FeatureClassifierConfig{};
  config.classifier = {};
  if (is_recurrent(config.system)) {
    config.model = {};
    config.training.weights.clear();  // of a backbone, with which others of a sweep may begin
    return true;
  }
  const bool had_recurrent = config.recurrent != RecurrentConfig{};
  config.recurrent = {};
  return had_classifier || had_recurrent;
}

bool needs_features(const RunConfig& config) {
  return (is_classical(config.system) && config.system != "majority") ||
         config.injection.condition == "features";
}

std::vector<std::string> features_of_system(const RunConfig& config) {
  return config.system == "mode_only" ? std::vector<std::string>{"mode"} : config.classifier.features;
}

double regularisation_of(const RunConfig& config) {
  return config.classifier.c > 0 ? config.classifier.c : usual_regularisation(config.system);
}

namespace {

std::optional<ConfigProblem> problem_of_recurrent(const RunConfig& config) {
  const auto needs_none = [&](const char* field, const std::string& value, const char* why) {
    return ConfigProblem{field, fmt::format("{} is {}, but system {} {}", field, value, config.system, why)};
  };
  if (const std::string why = misfit(config.recurrent, config.system == kBilma); !why.empty())
    return ConfigProblem{"recurrent.heads", why};
  if (config.injection.condition != "none")
    return needs_none("injection.condition", config.injection.condition,
                      "has no injection sites; expected none");
  if (config.training.trains != "all")
    return needs_none("training.trains", config.training.trains, "has no backbone to leave as it is");
  if (config.training.padding == "pooled")
    return needs_none("training.padding", "pooled",
                      "has no mask for attention alone; expected masked or attended");
  return {};
}

std::optional<ConfigProblem> problem_of_classifier(const RunConfig& config) {
  if (const std::string why = misfit_of_features(config.classifier.features); !why.empty())
    return ConfigProblem{"classifier.features", "classifier.features: " + why};
  if (config.data.invariance)
    return ConfigProblem{
        "data.invariance",
        fmt::format("data.invariance asks how predictions change with the words, of which system "
                    "{} sees none",
                    config.system)};
  return {};
}

std::optional<ConfigProblem> problem_of_told_features(const InjectionConfig& injection) {
  if (injection.condition != "features") return {};
  const auto problem = [](const std::string& why) {
    return ConfigProblem{"injection.features", "injection.features: " + why};
  };
  if (const std::string why = misfit_of_features(injection.features); !why.empty()) return problem(why);
  const auto turning = std::ranges::count_if(told_features(injection), [](std::size_t place) {
    return feature_list()[place].under_shift == UnderShift::kTurns;
  });
  if (turning > 0 && turning < 12)
    return problem("some pitch classes without the others cannot be transposed; expected all, pitch_classes");
  return {};
}

}  // namespace

std::optional<ConfigProblem> find_problem(const RunConfig& config) {
  const auto problem = [](const char* field, std::string sentence) {
    return std::optional(ConfigProblem{field, std::move(sentence)});
  };
  if (is_recurrent(config.system))
    if (auto found = problem_of_recurrent(config)) return found;
  if (is_classical(config.system))
    if (auto found = problem_of_classifier(config)) return found;
  const DataConfig& data = config.data;
  const auto scores = [&](const char* part) {
    return std::ranges::find(data.evaluate, part) != data.evaluate.end();
  };
  if (const std::string why = misfit(config.model); !why.empty()) return problem("model.heads", why);
  if (config.training.expand && scores("train"))
    return problem("data.evaluate",
                   "data.evaluate names train, whose pieces training.expand repeats in all their shifts");
  if (has_section(config.system, "model") && data.max_words > config.model.max_position)
    return problem("data.max_words", fmt::format("data.max_words is {}, but model.max_position allows {}",
                                                 data.max_words, config.model.max_position));
  if (data.evaluate.empty())
    return problem("data.evaluate", "data.evaluate is empty; expected some of train, valid, test");
  if (std::ranges::adjacent_find(data.evaluate) != data.evaluate.end())
    return problem("data.evaluate", "data.evaluate names a part twice");
  if (config.head.state > config.model.layers)
    return problem("head.state", fmt::format("head.state is {}; a model of {} layers has states 0 to {}",
                                             config.head.state, config.model.layers, config.model.layers));
  if (config.head.state != kLastState && config.training.trains != "head")
    return problem("head.state", "head.state is for probing, so needs training.trains: head");
  if (std::ranges::adjacent_find(config.training.auxiliary) != config.training.auxiliary.end())
    return problem("training.auxiliary", "training.auxiliary names a task twice");
  if (data.split == "folds") {
    if (data.fold >= data.folds)
      return problem("data.fold", fmt::format("data.fold is {}; with data.folds={} the folds are 0 to {}",
                                              data.fold, data.folds, data.folds - 1));
    if (scores("valid"))
      return problem("data.evaluate", "data.evaluate names valid, but split: folds has only train and test");
    if (config.training.validates())
      return problem(config.training.select == "best" ? "training.select" : "training.patience",
                     "training.select: best and training.patience need a valid part; split: folds has only "
                     "train and test");
  }
  if (auto found = problem_of_told_features(config.injection)) return found;
  try {
    injection_sites(config.injection, config.model.layers);
  } catch (const Error& error) {
    return problem(config.injection.together.empty() ? "injection.site" : "injection.together", error.what());
  }
  if (config.injection.learning_rate > 0 && config.training.learning_rate == 0)
    return problem("injection.learning_rate",
                   "injection.learning_rate is a multiple of training.learning_rate, which is 0");
  return {};
}

void complete(RunConfig& config) {
  normalise(config.data);
  normalise(config.injection);
  normalise(config.training);
  reset_unused(config);
  if (const auto problem = find_problem(config)) fail(ExitCode::kUsage, "{}", problem->sentence);
}

}  // namespace mofi
