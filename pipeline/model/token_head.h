#pragma once
// MIDI-BERT's token head: a two-layer classifier of every word by itself, for melody and velocity
// (midibert.md 3.6, 5).

#include "model/model_config.h"
#include "model/parameters.h"
#include "model/word_loss.h"

namespace mofi {

struct TokenHead {
  Linear first, second;  ///< classifier.1, classifier.3
};

/// Of `config`, the hidden width counts (256 in MIDI-BERT). `classes` include class 0, padding.
TokenHead make_token_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                          int classes);

/// Logits [.., classes] of hidden states [.., H]. `training` turns the dropout before the first layer on.
torch::Tensor classify_tokens(const TokenHead& head, const torch::Tensor& hidden, bool training);

/// Indices into the flattened labels of the words that have one: label 0 is padding, which neither loss nor
/// accuracy counts.
torch::Tensor labelled_words(const torch::Tensor& labels_N);

}  // namespace mofi
