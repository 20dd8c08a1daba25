#pragma once
// Sizes of MidiBERT and of what is put on and into it.

#include <string>
#include <vector>

#include "core/config.h"
#include "features/feature_list.h"
#include "model/condition_list.h"

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
  std::string attention = "bidirectional";
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
        {.help = "longest row, words; sets the number of relative offsets",
         .unit = "words",
         .minimum = 2,
         .maximum = 8192});
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
  field("attention", c.attention,
        {.help = "what a word attends to: bidirectional (all words of its row), or causal (itself and those "
                 "before it, as in GPT)",
         .choices = {"bidirectional", "causal"},
         .before = "bidirectional"});
}

/// The recurrent systems (recurrent.h). The defaults are those of EMOPIA's LSTM-Attn, for which a word is one
/// token; head.attention_rows is 14 there.
struct RecurrentConfig {
  std::string columns = "summed";
  int embedding_width = 300;
  int input_width = 768;
  int hidden = 128;
  int layers = 1;
  int heads = 4;
  double dropout = 0;

  bool operator==(const RecurrentConfig&) const = default;
};

/// The same of these; `attends`: with multi-head attention.
std::string misfit(const RecurrentConfig& config, bool attends);

template <class Field>
void describe(Field& field, RecurrentConfig& c) {
  const RecurrentConfig before;  // what a run of another system has
  field("columns", c.columns,
        {.help = "how the embeddings of a word's columns become its input: summed (a word is embedded as a "
                 "whole, like the tokens of EMOPIA's LSTM-Attn); concatenated (through a linear layer, as "
                 "MIDI-BERT's LSTM-Attn has it)",
         .choices = {"summed", "concatenated"},
         .before = before.columns});
  field("embedding_width", c.embedding_width,
        {.help = "width of each column's embedding (EMOPIA 300, MIDI-BERT 256)",
         .minimum = 1,
         .maximum = 4096,
         .before = before.embedding_width});
  field("input_width", c.input_width,
        {.help = "width behind the linear layer (columns: concatenated)",
         .minimum = 1,
         .maximum = 8192,
         .before = before.input_width});
  field("hidden", c.hidden,
        {.help = "hidden width of the LSTM, in each of its two directions",
         .minimum = 1,
         .maximum = 8192,
         .before = before.hidden});
  field("layers", c.layers,
        {.help = "layers of the LSTM", .minimum = 1, .maximum = 48, .before = before.layers});
  field("heads", c.heads,
        {.help = "system: bilma: attention heads; must divide twice `hidden`. Not known of the original",
         .minimum = 1,
         .maximum = 128,
         .before = before.heads});
  field("dropout", c.dropout,
        {.help = "dropout after the embedding and after every layer; the published LSTM-Attn have none",
         .minimum = 0,
         .maximum = 0.99,
         .before = before.dropout});
}

/// What is told to the model, how, and where (MoFi: the mode, by FiLM, before the first layer).
struct InjectionConfig {
  std::string condition = "none";
  std::vector<std::string> features;
  int site = 0;
  std::string together;
  bool before_norm = false;
  std::string by = "film";
  int film_hidden = 128;
  double learning_rate = 0;
};

inline constexpr int kBeforeNorm = -1;  ///< the site between the embedding and its LayerNorm

/// Places in feature_list() of what condition features tells, ascending. Throws a usage error for unknown
/// ones.
std::vector<std::size_t> told_features(const InjectionConfig& config);

/// Numbers that a condition tells of a piece (training/conditions.h); 0 of none.
int condition_width(const InjectionConfig& config, int classes);

/// Where the condition is put in: kBeforeNorm or 0 … layers, ascending. Throws a usage error for sites that a
/// model of so many layers does not have.
std::vector<int> injection_sites(const InjectionConfig& config, int layers);

template <class Field>
void describe(Field& field, InjectionConfig& c) {
  field("condition", c.condition,
        {.help = "what is told of each piece: " + condition_help() +
                 ". What has a tonic moves with transpositions",
         .choices = condition_names()});
  field("features", c.features,
        {.help = "what condition features tells, each in about its standard deviations: sets or names of: " +
                 feature_sets_help(),
         .before = Json::array()});
  field("site", c.site,
        {.help = "where it is put in: 0 after the embedding, k after layer k", .minimum = 0, .maximum = 48});
  field("together", c.together,
        {.help = "instead of `site` several at once, each with a network of its own: 0+6, or all",
         .before = ""});
  field("before_norm", c.before_norm,
        {.help = "site 0 lies before the embedding's LayerNorm, not after it", .before = false});
  field("by", c.by,
        {.help = "how: film (scale and shift), add (shift), concatenate (a linear layer of the hidden state "
                 "and the condition), late (added to the logits, at no site)",
         .choices = {"film", "add", "concatenate", "late"},
         .before = "film"});
  field("film_hidden", c.film_hidden,
        {.help = "hidden width of the condition's network; 0 for one linear layer",
         .minimum = 0,
         .maximum = 8192});
  field("learning_rate", c.learning_rate,
        {.help = "peak learning rate of the condition's networks; 0: training.learning_rate",
         .minimum = 0,
         .maximum = 10,
         .before = 0.0});
}

inline constexpr int kLastState = -1;

/// The classification head: MIDI-BERT's structured self-attention pooling, or a linear probe.
struct HeadConfig {
  std::string kind = "attention";
  int state = kLastState;
  int attention_width = 128;
  int attention_rows = 4;
  int hidden = 256;
};

template <class Field>
void describe(Field& field, HeadConfig& c) {
  field("kind", c.kind,
        {.help = "attention (MIDI-BERT's pooling and two layers), or linear (one layer of the words' mean)",
         .choices = {"attention", "linear"},
         .before = "attention"});
  field(
      "state", c.state,
      {.help = "the hidden state that is read (training.trains: head): 0 after the embedding, k after layer "
               "k; -1 the last",
       .minimum = kLastState,
       .maximum = 48,
       .before = kLastState});
  field("attention_width", c.attention_width,
        {.help = "inner width of the pooling attention", .minimum = 1, .maximum = 8192});
  field("attention_rows", c.attention_rows,
        {.help = "attention maps that are pooled with", .minimum = 1, .maximum = 64});
  field("hidden", c.hidden,
        {.help = "width of the classifier's hidden layer", .minimum = 1, .maximum = 65536});
}

}  // namespace mofi
