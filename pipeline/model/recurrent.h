#pragma once
// The recurrent rivals of MidiBERT: words embedded, a bidirectional LSTM, and of BiLMA multi-head attention
// over its states. The classification head is the one that MidiBERT has (sequence_head.h), which is the
// structured self-attention of both published LSTM-Attn.
//
// LSTM-Attn. Known in full from published code, in two variants:
//   EMOPIA (Hung et al., ISMIR 2021; EMOPIA_cls): MIDI-like or REMI tokens embedded with width 300, one
//     bidirectional layer of 128, pooling of width 128 with 14 rows, classifier of width 256, no dropout, no
//     penalty on equal rows. Compound Words have several columns where these tokens have one: their
//     embeddings are summed.
//   MIDI-BERT's baseline (Chou et al., arXiv 2107.05223): Compound Words, embedded and put through a linear
//     layer as MidiBERT's, then the same with 4 rows.
//   Both let padding through the LSTM and the pooling (training.padding: attended). Here masked is the
//   default: then no padding is read.
// BiLMA. The paper of MoFi names it without a reference. What it says is a BiLSTM and multi-head attention;
//   Xiao et al. (ICIC 2023) put multi-head self-attention on recurrent features of EMOPIA's audio. Everything
//   else is ours: scaled dot products, a residual and LayerNorm as in Vaswani et al. (2017), then the same
//   head.
//
// Each direction reads rows side by side from their first word on, the backward one turned by their lengths:
// shapes depend on the longest row alone, what stands behind a row's last word reaches no word of it, and
// nothing asks the device for lengths.

#include <array>
#include <vector>

#include "model/model_config.h"
#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

inline constexpr const char* kRecurrentPrefix = "recurrent.";  ///< of its parameters' names

/// One direction of one layer, as PyTorch's nn.LSTM has it (gates in its order: input, forget, cell, output).
struct LstmDirection {
  torch::Tensor input_weight, hidden_weight, input_bias, hidden_bias;
};

struct Recurrent {
  RecurrentConfig config;
  std::vector<torch::Tensor> column_tables;          ///< [ids, embedding width] per column
  Linear in_linear;                                  ///< of concatenated columns
  std::vector<std::array<LstmDirection, 2>> layers;  ///< forward, backward
  bool attends = false;                              ///< BiLMA; what follows is its attention's
  Linear query, key, value, output;
  torch::Tensor norm_weight, norm_bias;

  std::int64_t width() const { return 2 * config.hidden; }  ///< of its last state
  /// How many states it has: of the words' input, of every layer, of the attention.
  std::int64_t states() const { return 1 + config.layers + (attends ? 1 : 0); }
};

/// Makes and registers recurrent.<name>, filled as PyTorch fills an embedding, a linear layer and an LSTM.
Recurrent make_recurrent(ParameterSet& parameters, const RecurrentConfig& config, bool attends,
                         const std::vector<int>& column_sizes);

/// All states, each [words, its width]. words_NC, sequences as `encode` of midibert.h takes them; mask_N: 1
/// for words, 0 for padding, which stands behind all words of its sequence; undefined where all are words.
/// States of padding and of rows of no sequence have no meaning. `training` turns dropout on.
std::vector<torch::Tensor> encode(const Recurrent& model, const torch::Tensor& words_NC,
                                  const Sequences& sequences, const torch::Tensor& mask_N, bool training);

}  // namespace mofi
