#pragma once
// MIDI-BERT's sequence head: structured self-attention pooling (Lin et al., ICLR 2017) and a two-layer
// classifier (midibert.md 3.6).

#include "model/model_config.h"
#include "model/parameters.h"

namespace mofi {

struct SequenceHead {
  torch::Tensor pooling_in, pooling_out;  ///< attention.ws1 [da, H], attention.ws2 [r, da]
  Linear first, second;                   ///< classifier.0, classifier.2
};

SequenceHead make_sequence_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                                int classes);

/// Logits [batch, classes]. mask_BL: 1 for words that are pooled over, 0 for padding; undefined pools over
/// all of L.
torch::Tensor classify(const SequenceHead& head, const torch::Tensor& hidden_BLH,
                       const torch::Tensor& mask_BL);

}  // namespace mofi
