#include "training/classifier_config.h"

#include <algorithm>

namespace mofi {

const std::vector<std::string>& classical_systems() {
  static const std::vector<std::string> systems = {"majority",   "mode_only", "logistic",
                                                   "linear_svm", "rbf_svm",   "random_forest"};
  return systems;
}

bool is_classical(const std::string& system) {
  return std::ranges::find(classical_systems(), system) != classical_systems().end();
}

std::vector<std::string> classifier_fields_of(const std::string& system) {
  if (!is_classical(system) || system == "majority") return {};
  if (system == "mode_only") return {"c"};
  if (system == "rbf_svm") return {"features", "c", "gamma"};
  return {"features", system == "random_forest" ? "trees" : "c"};
}

void normalise(FeatureClassifierConfig& config, const std::string& system) {
  const FeatureClassifierConfig defaults;
  std::ranges::sort(config.features);
  const std::vector<std::string> used = classifier_fields_of(system);
  const auto is_unused = [&](const char* field) { return std::ranges::find(used, field) == used.end(); };
  if (is_unused("features")) config.features = defaults.features;
  if (is_unused("c") || config.c == usual_regularisation(system)) config.c = defaults.c;
  if (is_unused("gamma")) config.gamma = defaults.gamma;
  if (is_unused("trees")) config.trees = defaults.trees;
}

double usual_regularisation(const std::string& system) {
  return system == "linear_svm" || system == "rbf_svm" ? 1 : 0.05;
}

}  // namespace mofi
