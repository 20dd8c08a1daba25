#include "model/sequence_head.h"

#include <cmath>
#include <limits>

namespace mofi {

SequenceHead make_sequence_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                                int classes) {
  const auto fill = [](std::int64_t in) { return uniform(1.0 / std::sqrt(static_cast<double>(in))); };
  SequenceHead head;
  head.pooling_in =
      parameters.add("attention.ws1.weight", {config.attention_width, model_width}, fill(model_width));
  head.pooling_out = parameters.add("attention.ws2.weight", {config.attention_rows, config.attention_width},
                                    fill(config.attention_width));
  head.first = add_linear(parameters, "classifier.0", config.attention_rows * model_width, config.hidden);
  head.second = add_linear(parameters, "classifier.2", config.hidden, classes);
  return head;
}

torch::Tensor classify(const SequenceHead& head, const torch::Tensor& hidden_BLH,
                       const torch::Tensor& mask_BL) {
  torch::Tensor scores_BLR =
      affine(torch::tanh(affine(hidden_BLH, head.pooling_in, {})), head.pooling_out, {});
  if (mask_BL.defined())
    scores_BLR = scores_BLR.masked_fill(mask_BL.unsqueeze(2) == 0, -std::numeric_limits<double>::infinity());
  const torch::Tensor pooled_BRH = torch::matmul(torch::softmax(scores_BLR, 1).transpose(1, 2), hidden_BLH);
  return head.second(torch::relu(head.first(pooled_BRH.flatten(1))));
}

}  // namespace mofi
