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

void normalise(FeatureClassifierConfig& config, const std::string& system) {
  const FeatureClassifierConfig defaults;
  std::ranges::sort(config.features);
  const bool has_c = is_classical(system) && system != "majority" && system != "random_forest";
  if (!is_classical(system) || system == "majority" || system == "mode_only")
    config.features = defaults.features;
  if (!has_c || config.c == usual_regularisation(system)) config.c = defaults.c;
  if (system != "rbf_svm") config.gamma = defaults.gamma;
  if (system != "random_forest") config.trees = defaults.trees;
}

double usual_regularisation(const std::string& system) {
  return system == "linear_svm" || system == "rbf_svm" ? 1 : 0.05;
}

}  // namespace mofi
