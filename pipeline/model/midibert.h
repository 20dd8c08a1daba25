#pragma once
// MidiBERT: Compound Word embedding and a BERT encoder with relative positions (midibert.md 3.1-3.3, 3.5;
// Chou et al., "MidiBERT-Piano", arXiv 2107.05223). Parameters that the reference has but never uses (word
// and position embedding tables, pooler) do not exist here.

#include <functional>
#include <vector>

#include "model/fused_layers.h"
#include "model/model_config.h"
#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

struct EncoderLayer {
  Linear query, key, value;
  torch::Tensor distance_OD;  ///< [2 max_position - 1, head width], shared by the heads
  Linear attention_output;
  LayerNorm attention_norm;
  Linear intermediate, output;
  LayerNorm output_norm;
};

/// The backbone: its tensors and numbers. `column_sizes` are the ids per column of the token scheme.
struct MidiBert {
  BackboneConfig config;
  std::vector<torch::Tensor> column_tables;  ///< [ids, embedding width] per column
  Linear in_linear;
  torch::Tensor token_type;  ///< [2, hidden]; row 0 is added to every word
  LayerNorm embedding_norm;
  std::vector<EncoderLayer> layers;
};

/// Makes and registers a backbone, names prefixed by `prefix` ("midibert.").
MidiBert make_midibert(ParameterSet& parameters, const BackboneConfig& config,
                       const std::vector<int>& column_sizes, const std::string& prefix);

/// Called at every injection site with its hidden states; what it returns goes on. Site 0 is the output of
/// the embedding (hidden_states[0]), site k the output of layer k, site
/// kBeforeNorm what goes into the embedding's LayerNorm.
using SiteHook = std::function<torch::Tensor(int site, const torch::Tensor& hidden_NH)>;

/// The input layer before token type, LayerNorm and dropout. words_NC: int64 ids. Returns [words, hidden].
torch::Tensor embed_words(const MidiBert& model, const torch::Tensor& words_NC);
/// The same of any tables [ids, width]: their rows, times the root of the width, side by side through a
/// linear layer.
torch::Tensor embed_words(const std::vector<torch::Tensor>& column_tables, const Linear& in_linear,
                          const torch::Tensor& words_NC);

/// All hidden states, 0..layers, each [words, hidden] as it left its site.
/// words_NC: int64 [words, columns], the words of the sequences, none longer than max_position; what is
/// behind the last sequence has no meaning. mask_N: 1 for words that may be attended to, 0 for others, or
/// undefined when all may be. `training` turns dropout on.
/// Of `last` k only the states 0..k are computed.
std::vector<torch::Tensor> encode(const MidiBert& model, const torch::Tensor& words_NC,
                                  const Sequences& sequences, const torch::Tensor& mask_N, bool training,
                                  const SiteHook& hook = nullptr, int last = kLastState);

}  // namespace mofi
