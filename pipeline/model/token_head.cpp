#include "model/token_head.h"

#include <torch/torch.h>

#include "model/dropout.h"

namespace mofi {
namespace {

constexpr double kDropout = 0.1;

}  // namespace

TokenHead make_token_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                          int classes) {
  return {add_linear(parameters, "classifier.1", model_width, config.hidden),
          add_linear(parameters, "classifier.3", config.hidden, classes)};
}

torch::Tensor classify_tokens(const TokenHead& head, const torch::Tensor& hidden, bool training) {
  return head.second(torch::relu(head.first(dropout(hidden, training ? kDropout : 0))));
}

torch::Tensor labelled_words(const torch::Tensor& labels_N) {
  return labels_N.flatten().nonzero().squeeze(1);
}

}  // namespace mofi
