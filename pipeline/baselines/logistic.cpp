// Multinomial logistic regression by Newton's method. LIBLINEAR has one class against the others alone, which
// at the strong regularisation of the floors scores 2 to 5 points less than what scikit-learn calls logistic
// regression. The linear equations of a step are OpenCV's to solve.

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <utility>

#include "baselines/classifiers.h"
#include "core/error.h"

namespace mofi {
namespace {

constexpr double kTolerance = 1e-8;  // of the gradient's largest element, for each example
constexpr int kMostSteps = 100;      // ten are usual
/// Constants are not regularised but for this: softmax does not notice when all are shifted.
constexpr double kRidgeOfConstants = 1e-8;
constexpr double kLeastProbability = 1e-12;

/// A weight for every class and feature, and a constant for every class: [class][feature …, constant].
class Regression {
 public:
  Regression(const Matrix& features, const std::vector<std::size_t>& labels, std::size_t classes, double c)
      : features_(features),
        labels_(labels),
        classes_(classes),
        width_(features.columns + 1),
        c_(c),
        weights_(classes * width_, 0) {}

  void solve() {
    double loss = loss_at(weights_);
    for (int step = 0; step < kMostSteps; ++step) {
      const auto [gradient, hessian] = derivatives();
      if (cv::norm(gradient, cv::NORM_INF) <= kTolerance * static_cast<double>(features_.rows)) return;
      cv::Mat direction;
      if (!cv::solve(hessian, gradient, direction, cv::DECOMP_CHOLESKY))
        fail(ExitCode::kInternal, "logistic regression met a singular Hessian matrix");
      double length = 1;
      std::vector<double> tried;
      double loss_there = 0;
      do {  // convex, so some length leads down
        tried = weights_;
        for (std::size_t i = 0; i < tried.size(); ++i)
          tried[i] -= length * direction.at<double>(static_cast<int>(i));
        loss_there = loss_at(tried);
        length /= 2;
      } while (loss_there > loss && length > 1e-10);
      if (!(loss_there < loss)) return;  // as low as numbers go
      weights_ = std::move(tried);
      loss = loss_there;
    }
    fail(ExitCode::kInternal, "logistic regression has not converged after {} steps", kMostSteps);
  }

  std::vector<double> log_probabilities(std::span<const double> piece) const {
    return log_probabilities(weights_, piece);
  }

 private:
  std::vector<double> log_probabilities(const std::vector<double>& weights,
                                        std::span<const double> piece) const {
    std::vector<double> logits(classes_);
    for (std::size_t k = 0; k < classes_; ++k) {
      logits[k] = weights[k * width_ + width_ - 1];
      for (std::size_t i = 0; i + 1 < width_; ++i) logits[k] += weights[k * width_ + i] * piece[i];
    }
    const double largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit - largest);
    for (double& logit : logits) logit -= largest + std::log(sum);
    return logits;
  }

  double ridge(std::size_t weight) const { return weight % width_ + 1 < width_ ? 1 : kRidgeOfConstants; }

  /// Half the squares of the weights, and c times the cross-entropy of the examples.
  double loss_at(const std::vector<double>& weights) const {
    double loss = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) loss += ridge(i) * weights[i] * weights[i] / 2;
    for (std::size_t r = 0; r < features_.rows; ++r)
      loss -= c_ * log_probabilities(weights, features_.row(r))[labels_[r]];
    return loss;
  }

  std::pair<cv::Mat, cv::Mat> derivatives() const {
    const auto size = static_cast<int>(weights_.size());
    cv::Mat gradient = cv::Mat::zeros(size, 1, CV_64F), hessian = cv::Mat::zeros(size, size, CV_64F);
    std::vector<double> x(width_, 1);  // of a piece, and 1 for the constant
    for (std::size_t r = 0; r < features_.rows; ++r) {
      std::ranges::copy(features_.row(r), x.begin());
      std::vector<double> p = log_probabilities(features_.row(r));
      for (double& probability : p) probability = std::exp(probability);
      for (std::size_t a = 0; a < classes_; ++a) {
        const double error = p[a] - (labels_[r] == a ? 1 : 0);
        for (std::size_t i = 0; i < width_; ++i)
          gradient.at<double>(static_cast<int>(a * width_ + i)) += c_ * error * x[i];
        for (std::size_t b = 0; b <= a; ++b) {
          const double curvature = c_ * p[a] * ((a == b ? 1 : 0) - p[b]);
          for (std::size_t i = 0; i < width_; ++i) {
            auto* row = hessian.ptr<double>(static_cast<int>(a * width_ + i)) + b * width_;
            for (std::size_t j = 0; j < width_; ++j) row[j] += curvature * x[i] * x[j];
          }
        }
      }
    }
    for (int i = 0; i < size; ++i) {
      const auto weight = static_cast<std::size_t>(i);
      gradient.at<double>(i) += ridge(weight) * weights_[weight];
      hessian.at<double>(i, i) += ridge(weight);
    }
    cv::completeSymm(hessian, true);
    return {gradient, hessian};
  }

  const Matrix& features_;
  const std::vector<std::size_t>& labels_;
  std::size_t classes_, width_;
  double c_;
  std::vector<double> weights_;
};

}  // namespace

Matrix logistic_logits(const Examples& examples, double c, const Matrix& scored) {
  if (!has_several_classes(examples)) return majority_logits(examples, scored.rows);
  std::vector<int> seen = examples.labels;
  std::ranges::sort(seen);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  std::vector<std::size_t> labels;
  for (const int label : examples.labels)
    labels.push_back(static_cast<std::size_t>(std::ranges::lower_bound(seen, label) - seen.begin()));

  Matrix logits(scored.rows, static_cast<std::size_t>(examples.classes));
  std::ranges::fill(logits.values, kNeverSeen);
  try {
    Regression regression(examples.features, labels, seen.size(), c);
    regression.solve();
    for (std::size_t r = 0; r < scored.rows; ++r) {
      const auto found = regression.log_probabilities(scored.row(r));
      for (std::size_t k = 0; k < seen.size(); ++k)
        logits.row(r)[static_cast<std::size_t>(seen[k])] = std::max(found[k], std::log(kLeastProbability));
    }
  } catch (const cv::Exception& error) {
    fail(ExitCode::kInternal, "OpenCV cannot solve the equations of logistic regression: {}", error.what());
  }
  return logits;
}

}  // namespace mofi
