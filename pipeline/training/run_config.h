#pragma once
// Everything that decides the result of one run.

#include <string>
#include <vector>

#include "core/config.h"
#include "model/model_config.h"

namespace mofi {

/// Which rows train and which are scored.
struct DataConfig {
  std::string split = "song_level";
  int folds = 5;
  int fold = 0;
  std::uint64_t fold_seed = 1;
  std::string rows = "first";
  int max_words = 512;
  std::vector<std::string> evaluate = {"test"};
};

template <class Field>
void describe(Field& field, DataConfig& c) {
  field("split", c.split,
        {.help =
             "a split that the tokens file names (EMOPIA: song_level, emopia_cls, midibert; folder: given), "
             "or folds: k folds that never part a song"});
  field("folds", c.folds, {.help = "number of folds (split: folds)", .minimum = 2, .maximum = 1000});
  field("fold", c.fold,
        {.help = "the fold that is the test part, from 0 (split: folds)", .minimum = 0, .maximum = 999});
  field("fold_seed", c.fold_seed, {.help = "seed of the assignment of songs to folds (split: folds)"});
  field("rows", c.rows,
        {.help = "first: the first row of every piece; all: every row", .choices = {"first", "all"}});
  field("max_words", c.max_words,
        {.help = "words of a row that are used, from its start", .minimum = 1, .maximum = 8192});
  field("evaluate", c.evaluate,
        {.help = "parts that are scored at the end", .choices = {"train", "valid", "test"}});
}

/// How the model is fine-tuned. No early stopping: the last epoch is scored, so nothing is selected.
struct TrainingConfig {
  int epochs = 10;
  int batch = 16;
  std::string optimizer = "adamw";
  double learning_rate = 3e-4;
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double warmup = 0.1;
  std::string schedule = "linear";
  double clip_norm = 1.0;
  int transpose_down = 6;
  int transpose_up = 5;
  std::string padding = "masked";
  std::string weights;
  std::string device = "auto";
  int threads = 1;
};

/// Sets epsilon to what `config.optimizer` has by default: 1e-8 in torch, 1e-6 in HuggingFace's transformers.
void apply_optimizer(TrainingConfig& config);

template <class Field>
void describe(Field& field, TrainingConfig& c) {
  field("epochs", c.epochs, {.help = "passes over the training part", .minimum = 1, .maximum = 100000});
  field("batch", c.batch, {.help = "rows of a step, over all ranks", .minimum = 1, .maximum = 65536});
  field(
      "optimizer", c.optimizer,
      {.help = "adamw (torch's) or adamw_hf (HuggingFace's, which MIDI-BERT trains with: epsilon beside the "
               "uncorrected root, decay after the step)",
       .choices = {"adamw", "adamw_hf"}});
  if constexpr (Field::kReads) apply_optimizer(c);
  field("learning_rate", c.learning_rate, {.help = "peak learning rate", .minimum = 0, .maximum = 10});
  field("weight_decay", c.weight_decay,
        {.help = "decoupled weight decay, on all parameters", .minimum = 0, .maximum = 10});
  field("beta1", c.beta1, {.help = "decay of the gradient's mean", .minimum = 0, .maximum = 0.999999});
  field("beta2", c.beta2, {.help = "decay of its mean square", .minimum = 0, .maximum = 0.999999});
  field("epsilon", c.epsilon,
        {.help = "added to the root of the mean square; by default 1e-8, and 1e-6 of adamw_hf",
         .minimum = 1e-30,  // with 0 a gradient of 0 has no step
         .maximum = 1});
  field("warmup", c.warmup,
        {.help = "share of all steps in which the rate rises from 0", .minimum = 0, .maximum = 1});
  field("schedule", c.schedule,
        {.help = "after warm-up: linear to 0, cosine to 0, or constant",
         .choices = {"linear", "cosine", "constant"}});
  field("clip_norm", c.clip_norm,
        {.help = "largest gradient norm; 0 does not clip", .minimum = 0, .maximum = 1e6});
  field("transpose_down", c.transpose_down,
        {.help = "augmentation: every piece is shifted anew each epoch, by at most so many semitones down …",
         .minimum = 0,
         .maximum = 48});
  field("transpose_up", c.transpose_up,
        {.help = "… and up; shifts that leave the vocabulary are not drawn", .minimum = 0, .maximum = 48});
  field("padding", c.padding,
        {.help = "masked; pooled (masked in attention only); attended (as MIDI-BERT fine-tunes)",
         .choices = {"masked", "pooled", "attended"}});
  field("weights", c.weights,
        {.help = "safetensors file to start from; empty: from scratch (its digest is part of the identity)",
         .is_volatile = true});
  field("device", c.device,
        {.help = "auto, cpu or cuda", .choices = {"auto", "cpu", "cuda"}, .is_volatile = true});
  field("threads", c.threads,
        {.help = "CPU threads of a run", .minimum = 1, .maximum = 1024, .is_volatile = true});
}

struct RunConfig {
  DataConfig data;
  BackboneConfig model;
  InjectionConfig injection;
  HeadConfig head;
  TrainingConfig training;
  std::uint64_t seed = 1;
};

template <class Field>
void describe(Field& field, RunConfig& c) {
  field("data", c.data, {.help = "which rows train and which are scored"});
  field("model", c.model, {.help = "the backbone"});
  field("injection", c.injection, {.help = "what is told to the model, and where"});
  field("head", c.head, {.help = "the classification head"});
  field("training", c.training, {.help = "how the model is fine-tuned"});
  field("seed", c.seed,
        {.help = "of initial weights, order, transpositions, dropout and shuffled conditions"});
}

/// Checks what no single field shows, and resets fields that have no effect (the site of condition none, the
/// fold of a published split), so that equal runs have equal configs. Throws a usage error.
void complete(RunConfig& config);

}  // namespace mofi
