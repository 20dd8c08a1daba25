#pragma once
// Sizes of MidiBERT and of what is put on and into it.

#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// The backbone (midibert.md section 3). `size` presets the four numbers that follow it; each may still be
/// set.
struct BackboneConfig {
  std::string size = "base";
  int layers = 12;
  int hidden = 768;
  int heads = 12;
  int intermediate = 3072;
  int embedding_width = 256;
  int max_position = 512;
  double hidden_dropout = 0.1;
  double attention_dropout = 0.1;
  double layer_norm_epsilon = 1e-12;
  std::string precision = "float32";
};

/// Sets layers, hidden, heads and intermediate to those of `config.size`.
void apply_size(BackboneConfig& config);

/// Why the numbers do not fit together; empty when they do.
std::string misfit(const BackboneConfig& config);
/// Throws a usage error when they do not.
void validate(const BackboneConfig& config);

template <class Field>
void describe(Field& field, BackboneConfig& c) {
  field("size", c.size,
        {.help = "preset of the four sizes below: tiny (2 layers of 128), mini (4 of 256), base (12 of 768)",
         .choices = {"tiny", "mini", "base"},
         .is_volatile = true});  // the four numbers below are what counts
  if constexpr (Field::kReads) apply_size(c);
  field("layers", c.layers,
        {.help = "Transformer layers L; injection sites are 0..L", .minimum = 1, .maximum = 48});
  field("hidden", c.hidden, {.help = "hidden width", .minimum = 1, .maximum = 8192});
  field("heads", c.heads, {.help = "attention heads; must divide hidden", .minimum = 1, .maximum = 128});
  field("intermediate", c.intermediate,
        {.help = "width of the feed-forward layer", .minimum = 1, .maximum = 65536});
  field("embedding_width", c.embedding_width,
        {.help = "width of each column's embedding", .minimum = 1, .maximum = 4096});
  field("max_position", c.max_position,
        {.help = "longest row, words; sets the number of relative offsets", .minimum = 2, .maximum = 8192});
  field("hidden_dropout", c.hidden_dropout,
        {.help = "dropout after embedding, attention and feed-forward", .minimum = 0, .maximum = 0.99});
  field("attention_dropout", c.attention_dropout,
        {.help = "dropout on attention probabilities", .minimum = 0, .maximum = 0.99});
  field("layer_norm_epsilon", c.layer_norm_epsilon,
        {.help = "epsilon of every LayerNorm", .minimum = 0, .maximum = 1});
  field("precision", c.precision,
        {.help = "of the encoder's matrix products: float32, or bfloat16, which is faster; weights, hidden "
                 "states, LayerNorm, softmax and the head stay in float32",
         .choices = {"float32", "bfloat16"}});
}

inline constexpr int kModeConditionWidth = 2;  ///< one-hot major, minor

/// What is told to the model, and where (MoFi: the mode, by FiLM, before the first layer).
struct InjectionConfig {
  std::string condition = "none";
  int site = 0;
  int film_hidden = 128;
};

template <class Field>
void describe(Field& field, InjectionConfig& c) {
  field("condition", c.condition,
        {.help = "none; mode (one-hot major, minor); constant (same parameters, no information); shuffled "
                 "(modes of "
                 "other pieces of the same split part)",
         .choices = {"none", "mode", "constant", "shuffled"}});
  field("site", c.site,
        {.help = "where FiLM acts: 0 after the embedding, k after layer k", .minimum = 0, .maximum = 48});
  field("film_hidden", c.film_hidden,
        {.help = "hidden width of FiLM's condition network; 0 for one linear layer",
         .minimum = 0,
         .maximum = 8192});
}

/// The classification head (MIDI-BERT's structured self-attention pooling).
struct HeadConfig {
  int attention_width = 128;
  int attention_rows = 4;
  int hidden = 256;
};

template <class Field>
void describe(Field& field, HeadConfig& c) {
  field("attention_width", c.attention_width,
        {.help = "inner width of the pooling attention", .minimum = 1, .maximum = 8192});
  field("attention_rows", c.attention_rows,
        {.help = "attention maps that are pooled with", .minimum = 1, .maximum = 64});
  field("hidden", c.hidden,
        {.help = "width of the classifier's hidden layer", .minimum = 1, .maximum = 65536});
}

}  // namespace mofi
