#pragma once
// Pre-training: a backbone learns to guess masked Compound Words (MIDI-BERT's task, midibert.md section 4),
// or the next one from those before it (GPT's).

#include <functional>

#include "model/masked_lm.h"
#include "tokens/token_table.h"
#include "tokens/word_baselines.h"
#include "training/loop.h"
#include "training/pretrain_config.h"

namespace mofi {

inline constexpr const char* kPretrainingFile = "pretraining.json";
inline constexpr const char* kPretrainingSchema = "mofi-pretraining/1";

struct PretrainOutcome {
  MaskedLm model;
  Json
      metrics;  ///< {"loss": …, "accuracy": {"Bar": …}, …} on the held-out rows, by the weights that are kept
  Json baselines;  ///< {"Bar": {"unigram": …}, …}: accuracies of guesses on the same masked words
  Json corpus;     ///< how many rows, words and songs trained and were held out
  LoopOutcome trained;
};

/// What decides the result: config and tokens.
std::string pretraining_identity(const PretrainConfig& config, const TokenTable& tokens);

/// Trains with all ranks of `world`, and goes on from a checkpoint in `keeping.folder` if there is one.
/// Throws as run_loop does.
PretrainOutcome pretrain(const World& world, const PretrainConfig& config, const TokenTable& tokens,
                         torch::Device device, const Keeping& keeping = {},
                         const std::function<void(const LoopReport&)>& report = nullptr);

/// Writes config.yaml, weights.safetensors (which fine-tuning starts from) and, last, pretraining.json.
void write_pretraining(const Keeping& keeping, const PretrainConfig& config, const TokenTable& tokens,
                       const PretrainOutcome& outcome);

/// Whether the folder holds the finished pre-training of that identity, with the weights that it had.
bool is_pretrained(const Keeping& keeping);

}  // namespace mofi
