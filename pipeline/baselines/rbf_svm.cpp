// Support vector machines with a radial kernel: LIBSVM, which draws no random numbers without probabilities.

#include <libsvm/svm.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "baselines/classifiers.h"
#include "core/error.h"

namespace mofi {
namespace {

constexpr double kTolerance = 1e-3;  // LIBSVM's own
constexpr double kCacheMiB = 100;

using Rows = std::vector<std::vector<svm_node>>;

Rows rows_of(const Matrix& features) {
  Rows rows(features.rows);
  for (std::size_t r = 0; r < features.rows; ++r) {
    for (std::size_t c = 0; c < features.columns; ++c)
      rows[r].push_back({static_cast<int>(c) + 1, features.row(r)[c]});
    rows[r].push_back({-1, 0});
  }
  return rows;
}

struct Free {
  void operator()(svm_model* trained) const { svm_free_and_destroy_model(&trained); }
};

}  // namespace

Matrix rbf_svm_logits(const Examples& examples, double c, double gamma, const Matrix& scored) {
  if (!has_several_classes(examples)) return majority_logits(examples, scored.rows);
  svm_set_print_string_function([](const char*) {});
  Rows rows = rows_of(examples.features);  // the model points into them
  std::vector<svm_node*> addresses;
  for (auto& row : rows) addresses.push_back(row.data());
  std::vector<double> labels(examples.labels.begin(), examples.labels.end());
  const svm_problem training = {
      .l = static_cast<int>(rows.size()), .y = labels.data(), .x = addresses.data()};
  svm_parameter how = {};
  how.svm_type = C_SVC;
  how.kernel_type = RBF;
  how.gamma = gamma;
  how.cache_size = kCacheMiB;
  how.eps = kTolerance;
  how.C = c;
  how.shrinking = 1;
  if (const char* wrong = svm_check_parameter(&training, &how))
    fail(ExitCode::kInternal, "LIBSVM refuses its parameters: {}", wrong);
  const std::unique_ptr<svm_model, Free> trained(svm_train(&training, &how));

  const auto classes = static_cast<std::size_t>(trained->nr_class);
  Matrix logits(scored.rows, static_cast<std::size_t>(examples.classes));
  std::ranges::fill(logits.values, kNeverSeen);
  std::vector<double> decisions(classes * (classes - 1) / 2);
  const Rows scored_rows = rows_of(scored);
  for (std::size_t r = 0; r < scored.rows; ++r) {
    svm_predict_values(trained.get(), scored_rows[r].data(), decisions.data());
    std::vector<double> wins(classes, 0), confidence(classes, 0);
    std::size_t pair = 0;
    for (std::size_t a = 0; a < classes; ++a)
      for (std::size_t b = a + 1; b < classes; ++b) {
        const double decision = decisions[pair++];
        ++wins[decision > 0 ? a : b];
        confidence[a] += decision;
        confidence[b] -= decision;
      }
    for (std::size_t k = 0; k < classes; ++k)  // as scikit-learn's decision_function
      logits.row(r)[static_cast<std::size_t>(trained->label[k])] =
          wins[k] + confidence[k] / (3 * (std::abs(confidence[k]) + 1));
  }
  return logits;
}

}  // namespace mofi
