#pragma once
// MIDI-BERT's sequence head: structured self-attention pooling (Lin et al., ICLR 2017) and a two-layer
// classifier (midibert.md 3.6).

#include "model/model_config.h"
#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

struct SequenceHead {
  torch::Tensor pooling_in, pooling_out;  ///< attention.ws1 [da, H], attention.ws2 [r, da]
  Linear first, second;                   ///< classifier.0, classifier.2
};

SequenceHead make_sequence_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                                int classes);

/// Logits [sequences, classes]. hidden_NH: [words, H]. mask_N: 1 for words that are pooled over, 0 for
/// padding; undefined pools over all of a sequence.
torch::Tensor classify(const SequenceHead& head, const torch::Tensor& hidden_NH, const Sequences& sequences,
                       const torch::Tensor& mask_N);

}  // namespace mofi
