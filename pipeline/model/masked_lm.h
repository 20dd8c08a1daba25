#pragma once
// The head and loss of pre-training: the original word of every selected position, each column by a linear
// layer of its own (midibert.md section 4).

#include <vector>

#include "model/midibert.h"
#include "model/word_loss.h"

namespace mofi {

struct MaskedLmHead {
  std::vector<Linear> columns;  ///< mask_lm.proj.{column}
};

/// `column_sizes` are the ids per column of the token scheme, padding and mask included.
MaskedLmHead make_masked_lm_head(ParameterSet& parameters, std::int64_t model_width,
                                 const std::vector<int>& column_sizes);

/// What is pre-trained: the backbone, under the names by which classifiers load it, and the head.
struct MaskedLm {
  ParameterSet parameters;
  MidiBert backbone;
  MaskedLmHead head;
};
MaskedLm make_masked_lm(const BackboneConfig& config, const std::vector<int>& column_sizes,
                        std::uint64_t seed, torch::TensorOptions options = torch::kFloat32);

/// Logits by column, [.., ids], of hidden states [.., H].
std::vector<torch::Tensor> predict_words(const MaskedLmHead& head, const torch::Tensor& hidden);

/// Sums over the selected words. A column's loss is its sum / words, its accuracy correct / words; the loss
/// that is minimised is the columns' mean weighted by their numbers of ids: loss_sum / words.
struct MaskedLmScores {
  torch::Tensor loss_sum;       ///< scalar, differentiable: Σ ids_c · column_loss_c / Σ ids_c
  torch::Tensor column_loss_C;  ///< [columns], no gradient
  torch::Tensor correct_C;      ///< [columns] int64, no gradient
  std::int64_t words = 0;
};

/// hidden: the last hidden states, [batch, L, H] or [words, H]; positions_N: the selected words as words_at
/// takes them; targets_NC: int64, the words that stood there.
MaskedLmScores score_masked_words(const MaskedLmHead& head, const torch::Tensor& hidden,
                                  const torch::Tensor& positions_N, const torch::Tensor& targets_NC);

}  // namespace mofi
