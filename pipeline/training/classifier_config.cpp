#include "training/classifier_config.h"

#include <algorithm>

namespace mofi {

namespace {

struct ClassicalSystem {
  const char* name;
  std::vector<std::string> fields;  ///< of FeatureClassifierConfig, that have an effect on it
  double usual_c = 0.05;
};

const std::vector<ClassicalSystem>& systems() {
  static const std::vector<ClassicalSystem> all = {
      {"majority", {}},
      {"mode_only", {"c"}},
      {"logistic", {"features", "c"}},
      {"linear_svm", {"features", "c"}, 1},
      {"rbf_svm", {"features", "c", "gamma"}, 1},
      {"random_forest", {"features", "trees"}},
  };
  return all;
}

const ClassicalSystem* find(const std::string& name) {
  const auto found = std::ranges::find(systems(), name, &ClassicalSystem::name);
  return found == systems().end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& classical_systems() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const ClassicalSystem& system : systems()) all.emplace_back(system.name);
    return all;
  }();
  return names;
}

bool is_classical(const std::string& system) { return find(system) != nullptr; }

std::vector<std::string> classifier_fields_of(const std::string& system) {
  const ClassicalSystem* found = find(system);
  return found == nullptr ? std::vector<std::string>{} : found->fields;
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
  const ClassicalSystem* found = find(system);
  return found == nullptr ? 0 : found->usual_c;
}

}  // namespace mofi
