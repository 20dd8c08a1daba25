#pragma once
// The systems that see no words: classifiers of a piece's symbolic features.

#include <string>
#include <vector>

#include "core/config.h"
#include "features/feature_list.h"

namespace mofi {

/// What a classical system is told of a piece, and how it learns.
struct FeatureClassifierConfig {
  std::vector<std::string> features = {"all"};
  double c = 0;
  double gamma = 0;
  int trees = 500;

  bool operator==(const FeatureClassifierConfig&) const = default;
};

template <class Field>
void describe(Field& field, FeatureClassifierConfig& c) {
  field(
      "features", c.features,
      {.help = "sets of features, or names of them: " + feature_sets_help(), .before = Json::array({"all"})});
  field("c", c.c,
        {.help = "weight of the errors against the regularisation; 0: 0.05 of mode_only and logistic, 1 of "
                 "linear_svm and rbf_svm",
         .minimum = 0,
         .maximum = 1e6,
         .before = 0.0});
  field("gamma", c.gamma,
        {.help = "of rbf_svm: exp(-gamma |x - y|^2); 0: 1 / number of features",
         .minimum = 0,
         .maximum = 1e6,
         .before = 0.0});
  field("trees", c.trees,
        {.help = "trees of random_forest", .unit = "trees", .minimum = 1, .maximum = 100000, .before = 500});
}

/// "majority", "mode_only", "logistic", "linear_svm", "rbf_svm", "random_forest".
const std::vector<std::string>& classical_systems();
bool is_classical(const std::string& system);

/// Names of the fields above that have an effect on a system; none for a network.
std::vector<std::string> classifier_fields_of(const std::string& system);

/// Resets what has no effect on a classical system, so that equal runs have equal configs.
void normalise(FeatureClassifierConfig& config, const std::string& system);

/// The regularisation that 0 means.
double usual_regularisation(const std::string& system);

}  // namespace mofi
