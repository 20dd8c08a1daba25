// A random forest: OpenCV's, the one C++ library of Debian 12 with Breiman's that is compiled already.

#include <cmath>
#include <opencv2/ml.hpp>

#include "baselines/classifiers.h"
#include "core/error.h"
#include "core/random.h"

namespace mofi {
namespace {

constexpr int kDeepest = 25;  // OpenCV's limit; forests on a thousand pieces do not get there

cv::Mat as_floats(const Matrix& features) {
  cv::Mat floats(static_cast<int>(features.rows), static_cast<int>(features.columns), CV_32F);
  for (std::size_t r = 0; r < features.rows; ++r)
    for (std::size_t c = 0; c < features.columns; ++c)
      floats.at<float>(static_cast<int>(r), static_cast<int>(c)) = static_cast<float>(features.row(r)[c]);
  return floats;
}

}  // namespace

Matrix random_forest_logits(const Examples& examples, int trees, std::uint64_t seed, const Matrix& scored) {
  if (!has_several_classes(examples)) return majority_logits(examples, scored.rows);
  Matrix logits(scored.rows, static_cast<std::size_t>(examples.classes));
  if (scored.rows == 0) return logits;
  try {
    // OpenCV draws from a generator of the thread.
    cv::setRNGSeed(static_cast<int>(RandomStream(seed, "random forest").next_u32()));
    const auto forest = cv::ml::RTrees::create();
    forest->setMaxDepth(kDeepest);
    forest->setMinSampleCount(1);
    forest->setActiveVarCount(0);  // the root of their number
    forest->setTermCriteria({cv::TermCriteria::MAX_ITER, trees, 0});
    const cv::Mat labels(examples.labels, true);
    forest->train(cv::ml::TrainData::create(as_floats(examples.features), cv::ml::ROW_SAMPLE, labels));

    cv::Mat votes;  // the labels that were seen, then a row of votes a piece
    forest->getVotes(as_floats(scored), votes, 0);
    for (std::size_t r = 0; r < scored.rows; ++r) {
      for (double& votes_of : logits.row(r)) votes_of = 1;
      for (int k = 0; k < votes.cols; ++k)
        logits.row(r)[static_cast<std::size_t>(votes.at<int>(0, k))] +=
            votes.at<int>(static_cast<int>(r) + 1, k);
      for (double& logit : logits.row(r)) logit = std::log(logit / (trees + examples.classes));
    }
  } catch (const cv::Exception& error) {
    fail(ExitCode::kInternal, "OpenCV grew no forest: {}", error.what());
  }
  return logits;
}

}  // namespace mofi
