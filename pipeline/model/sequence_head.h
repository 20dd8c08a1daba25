#pragma once
// MIDI-BERT's sequence head: structured self-attention pooling (Lin et al., ICLR 2017) and a two-layer
// classifier (midibert.md 3.6); or a linear layer of the words' mean, to probe with.

#include "model/model_config.h"
#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

/// A linear probe (Alain & Bengio, ICLR 2017 workshop) has `second` alone, called probe.
struct SequenceHead {
  bool is_linear = false;
  torch::Tensor pooling_in, pooling_out;  ///< attention.ws1 [da, H], attention.ws2 [r, da]
  Linear first, second;                   ///< classifier.0, classifier.2

  std::int64_t pooled_width() const { return (is_linear ? second : first).weight.size(1); }
  int classes() const { return static_cast<int>(second.bias.size(0)); }
};

SequenceHead make_sequence_head(ParameterSet& parameters, const HeadConfig& config, std::int64_t model_width,
                                int classes);

/// What the classifier reads, [sequences, its width]; arguments as those of `classify`.
torch::Tensor pooled_words(const SequenceHead& head, const torch::Tensor& hidden_NH,
                           const Sequences& sequences, const torch::Tensor& mask_N);
/// Logits [sequences, classes] of that.
torch::Tensor classify_pooled(const SequenceHead& head, const torch::Tensor& pooled_SW);

/// Logits [sequences, classes]. hidden_NH: [words, H]. mask_N: 1 for words that are pooled over, 0 for
/// padding; undefined pools over all of a sequence.
torch::Tensor classify(const SequenceHead& head, const torch::Tensor& hidden_NH, const Sequences& sequences,
                       const torch::Tensor& mask_N);

}  // namespace mofi
