#pragma once
// Which words of a batch a model has to guess, and what it sees instead. Masked words (midibert.md section
// 4): of n words, round(share·n) are chosen, of these round(masked·k) become the mask word, round(random·k) a
// random one, the others stay. All columns of a word share its fate.
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
  torch::Tensor positions_M;  ///< int64, indices into the words: what words_at takes
  torch::Tensor targets_MC;   ///< int64 [M, columns], the words that stood there; kNoTarget past the last
};
inline constexpr std::int64_t kNoTarget = -100;  ///< what cross_entropy_loss leaves out

/// How many of `words` words are chosen.
std::int64_t chosen_words(const MaskingConfig& config, std::int64_t words);
/// The most that can be chosen of so many words in so many sequences.
std::int64_t most_chosen_words(const MaskingConfig& config, std::int64_t words, std::int64_t sequences);

/// How words are masked, where the model is.
struct Masker {
  MaskingConfig config;
  torch::Tensor mask_C;  ///< int64, the mask word
  torch::Tensor ids_C;   ///< int64, by column the ids of which random words are drawn
};
/// `any_id`: random words may be padding and mask, too, as MIDI-BERT's are.
Masker make_masker(const TokenScheme& scheme, const MaskingConfig& config, bool any_id, torch::Device device);

/// words_NC: int64, of the sequences, one behind another. lengths_S: how many words of each sequence, from
/// its start, may be chosen. keys_S: int64, one of each sequence. `guesses`: how many words are chosen, at
/// least; behind the last, positions are 0. No shape depends on what the tensors hold.
MaskedWords mask_words(const Masker& masker, const torch::Tensor& words_NC, const Sequences& sequences,
                       const torch::Tensor& lengths_S, const torch::Tensor& keys_S, std::int64_t guesses);

/// The same of the next word: every word but the last of its sequence is asked for the one that follows, and
/// all are seen as they are. guesses: Σ (words - 1), at least.
MaskedWords next_words(const torch::Tensor& words_NC, const Sequences& sequences,
                       const torch::Tensor& lengths_S, std::int64_t guesses);

}  // namespace mofi
