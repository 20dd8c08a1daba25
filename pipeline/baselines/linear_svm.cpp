// Linear support vector machines: LIBLINEAR, by its primal solver, which draws no random numbers.

#include <linear.h>

#include <algorithm>
#include <memory>

#include "baselines/classifiers.h"
#include "core/error.h"

namespace mofi {
namespace {

/// LIBLINEAR regularises the constant like any other weight. It is 10, so that this costs a hundredth.
constexpr double kConstant = 10;
constexpr double kTolerance = 1e-4;  // of the gradient, relative to that at the start

using Rows = std::vector<std::vector<feature_node>>;

Rows rows_of(const Matrix& features) {
  Rows rows(features.rows);
  for (std::size_t r = 0; r < features.rows; ++r) {
    for (std::size_t c = 0; c < features.columns; ++c)
      rows[r].push_back({static_cast<int>(c) + 1, features.row(r)[c]});
    rows[r].push_back({static_cast<int>(features.columns) + 1, kConstant});
    rows[r].push_back({-1, 0});
  }
  return rows;
}

struct Free {
  void operator()(model* trained) const { free_and_destroy_model(&trained); }
};
using Trained = std::unique_ptr<model, Free>;

Trained train_linear(const Examples& examples, double c) {
  set_print_string_function([](const char*) {});
  Rows rows = rows_of(examples.features);
  std::vector<feature_node*> addresses;
  for (auto& row : rows) addresses.push_back(row.data());
  std::vector<double> labels(examples.labels.begin(), examples.labels.end());
  const problem training = {.l = static_cast<int>(rows.size()),
                            .n = static_cast<int>(examples.features.columns) + 1,
                            .y = labels.data(),
                            .x = addresses.data(),
                            .bias = kConstant};
  parameter how = {};
  how.solver_type = L2R_L2LOSS_SVC;
  how.eps = kTolerance;
  how.C = c;
  if (const char* wrong = check_parameter(&training, &how))
    fail(ExitCode::kInternal, "LIBLINEAR refuses its parameters: {}", wrong);
  return Trained(train(&training, &how));
}

}  // namespace

Matrix linear_svm_logits(const Examples& examples, double c, const Matrix& scored) {
  if (!has_several_classes(examples)) return majority_logits(examples, scored.rows);
  const Trained trained = train_linear(examples, c);
  Matrix logits(scored.rows, static_cast<std::size_t>(examples.classes));
  std::ranges::fill(logits.values, kNeverSeen);
  std::vector<double> decisions(static_cast<std::size_t>(trained->nr_class));
  const Rows rows = rows_of(scored);
  for (std::size_t r = 0; r < scored.rows; ++r) {
    predict_values(trained.get(), rows[r].data(), decisions.data());
    if (decisions.size() == 2) decisions[1] = -decisions[0];  // of two classes there is one decision
    for (std::size_t k = 0; k < decisions.size(); ++k)
      logits.row(r)[static_cast<std::size_t>(trained->label[k])] = decisions[k];
  }
  return logits;
}

}  // namespace mofi
