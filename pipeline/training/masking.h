#pragma once
// Which words of a batch a model has to guess, and what it sees instead (midibert.md section 4): of n words,
// round(share·n) are chosen, of these round(masked·k) become the mask word, round(random·k) a random one, the
// others stay. All columns of a word share its fate.
//
// Every draw is a hash of the row's key and the word's place, computed where the words are: the same on the
// CPU and on a device, for any batch and any number of ranks, and nothing goes to the device for it.

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/sequences.h"
#include "tokens/token_scheme.h"
#include "training/pretrain_config.h"

namespace mofi {

struct MaskedWords {
  torch::Tensor words_NC;     ///< int64, as the model sees them
  torch::Tensor positions_M;  ///< int64 [chosen], indices into the words: what words_at takes
  torch::Tensor targets_MC;   ///< int64 [chosen, columns], the words that stood there
};

/// How many of `words` words are chosen.
std::int64_t chosen_words(const MaskingConfig& config, std::int64_t words);

/// words_NC: int64, of the sequences, one behind another. `lengths`: how many words of each sequence, from
/// its start, may be chosen. `keys`: one of each sequence. `any_id`: random words may be padding and mask,
/// too, as MIDI-BERT's are.
MaskedWords mask_words(const TokenScheme& scheme, const MaskingConfig& config, const torch::Tensor& words_NC,
                       const Sequences& sequences, const std::vector<std::int64_t>& lengths,
                       const std::vector<std::uint64_t>& keys, bool any_id);

}  // namespace mofi
