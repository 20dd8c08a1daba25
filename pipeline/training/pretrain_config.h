#pragma once
// Everything that decides the result of a pre-training.

#include <cstdint>
#include <string>

#include "model/model_config.h"
#include "tokens/held_out.h"
#include "training/loop_config.h"

namespace mofi {

/// Which rows train and which are held out.
struct PretrainDataConfig {
  int max_words = 512;
  double held_out = 0.05;
  int held_out_rows = 500;
  bool reproduce_midibert = false;
  int transpose_down = 0;
  int transpose_up = 0;
};

template <class Field>
void describe(Field& field, PretrainDataConfig& c) {
  field("max_words", c.max_words,
        {.help = "words of a training row; longer rows of the tokens are cut into several",
         .unit = "words",
         .minimum = 2,
         .maximum = 8192});
  field("held_out", c.held_out,
        {.help = "share of the songs that is held out, to measure accuracy on",
         .minimum = 0.001,
         .maximum = 0.9});
  field("held_out_rows", c.held_out_rows,
        {.help = "held-out rows that are scored after every epoch, drawn once",
         .unit = "rows",
         .minimum = 1,
         .maximum = 1e9});
  field("reproduce_midibert", c.reproduce_midibert,
        {.help =
             "as MIDI-BERT does it: padding can be masked, too; what the corrupted words make of the "
             "attention mask; single rows held out rather than songs; songs of downstream test parts kept"});
  field("transpose_down", c.transpose_down,
        {.help = "augmentation: every piece is shifted anew each epoch, by at most so many semitones down …",
         .unit = "semitones",
         .minimum = 0,
         .maximum = 48});
  field("transpose_up", c.transpose_up,
        {.help = "… and up; shifts that leave the vocabulary are not drawn",
         .unit = "semitones",
         .minimum = 0,
         .maximum = 48});
}

/// Which words are to be guessed, and what stands in their place (BERT's 80 / 10 / 10).
struct MaskingConfig {
  double share = 0.15;
  double masked = 0.8;
  double random = 0.1;
};

template <class Field>
void describe(Field& field, MaskingConfig& c) {
  field("share", c.share,
        {.help = "share of a row's words that is to be guessed", .minimum = 0.001, .maximum = 1});
  field("masked", c.masked,
        {.help = "share of these that the mask word replaces", .minimum = 0, .maximum = 1});
  field("random", c.random,
        {.help = "share of these that a random word replaces; the others stay as they are",
         .minimum = 0,
         .maximum = 1});
}

struct PretrainConfig {
  std::string objective = "masked";
  PretrainDataConfig data;
  BackboneConfig model;
  MaskingConfig masking;
  LoopConfig training;
  std::uint64_t seed = 1;
};

template <class Field>
void describe(Field& field, PretrainConfig& c) {
  field("objective", c.objective,
        {.help = "what is learnt: to guess masked words, as BERT, or the next_word, as GPT (with "
                 "model.attention: causal)",
         .choices = {"masked", "next_word"},
         .before = "masked"});
  field("data", c.data, {.help = "which rows train and which are held out"});
  field("model", c.model, {.help = "the backbone"});
  field("masking", c.masking, {.help = "which words are to be guessed (objective: masked)"});
  field("training", c.training, {.help = "how it is trained"});
  field("seed", c.seed, {.help = "of initial weights, held-out songs, order, masks and dropout"});
}

/// Resets what has no effect, and checks what no single field shows. Throws a usage error.
void complete(PretrainConfig& config);

}  // namespace mofi
