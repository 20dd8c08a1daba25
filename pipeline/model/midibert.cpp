#include "model/midibert.h"

#include <cmath>

#include "core/error.h"
#include "model/attention.h"
#include "model/dropout.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr double kBertDeviation = 0.02;    // BertConfig.initializer_range
constexpr double kMaskedScore = -10000.0;  // what transformers 4.8 adds to the scores of masked keys

LayerNorm add_layer_norm(ParameterSet& parameters, const std::string& name, std::int64_t width) {
  return {parameters.add(name + ".weight", {width}, constant(1)),
          parameters.add(name + ".bias", {width}, constant(0))};
}

/// A Linear inside BERT: weight N(0, 0.02), bias 0.
Linear add_bert_linear(ParameterSet& parameters, const std::string& name, std::int64_t in, std::int64_t out) {
  return {parameters.add(name + ".weight", {out, in}, normal(kBertDeviation)),
          parameters.add(name + ".bias", {out}, constant(0))};
}

EncoderLayer make_layer(ParameterSet& parameters, const BackboneConfig& config, const std::string& prefix) {
  const int hidden = config.hidden;
  EncoderLayer layer;
  layer.query = add_bert_linear(parameters, prefix + "attention.self.query", hidden, hidden);
  layer.key = add_bert_linear(parameters, prefix + "attention.self.key", hidden, hidden);
  layer.value = add_bert_linear(parameters, prefix + "attention.self.value", hidden, hidden);
  layer.distance_OD =
      parameters.add(prefix + "attention.self.distance_embedding.weight",
                     {2 * config.max_position - 1, hidden / config.heads}, normal(kBertDeviation));
  layer.attention_output = add_bert_linear(parameters, prefix + "attention.output.dense", hidden, hidden);
  layer.attention_norm = add_layer_norm(parameters, prefix + "attention.output.LayerNorm", hidden);
  layer.intermediate =
      add_bert_linear(parameters, prefix + "intermediate.dense", hidden, config.intermediate);
  layer.output = add_bert_linear(parameters, prefix + "output.dense", config.intermediate, hidden);
  layer.output_norm = add_layer_norm(parameters, prefix + "output.LayerNorm", hidden);
  return layer;
}

Tensor normalise(const BackboneConfig& config, const LayerNorm& norm, const Tensor& x) {
  return torch::layer_norm(x, {config.hidden}, norm.weight, norm.bias, config.layer_norm_epsilon);
}

/// The type in which products are computed: that of the hidden states, unless the config asks for less.
torch::ScalarType product_type(const BackboneConfig& config, const Tensor& hidden) {
  return config.precision == "bfloat16" ? torch::kBFloat16 : hidden.scalar_type();
}

/// What all layers of a pass share.
struct Pass {
  const BackboneConfig& config;
  const Sequences& sequences;
  Tensor key_bias_N;
  bool training;

  double hidden_dropout() const { return training ? config.hidden_dropout : 0; }
};

Tensor attend(const Pass& pass, const EncoderLayer& layer, const Tensor& hidden_NH) {
  const double probability = pass.training ? pass.config.attention_dropout : 0;
  const bool needs_seed = probability > 0 && hidden_NH.is_cpu();
  return attention(layer.query(hidden_NH), layer.key(hidden_NH), layer.value(hidden_NH), layer.distance_OD,
                   pass.key_bias_N, pass.sequences, pass.config.heads,
                   {probability, needs_seed ? drawn_seed() : 0},
                   pass.config.attention == "causal" ? Reach::kEarlier : Reach::kAll);
}

Hidden run_layer(const Pass& pass, const EncoderLayer& layer, const Hidden& hidden) {
  const double epsilon = pass.config.layer_norm_epsilon;
  const auto times = [](const Linear& linear, const Tensor& x) { return affine(x, linear.weight, {}); };
  const Tensor attended = attend(pass, layer, hidden.rounded_NH);
  const Hidden middle = residual_norm(times(layer.attention_output, attended), layer.attention_output.bias,
                                      hidden.exact_NH, layer.attention_norm, epsilon, pass.hidden_dropout());
  const Tensor expanded = times(layer.intermediate, middle.rounded_NH);
  return residual_norm(gelu_product(expanded, layer.intermediate.bias, layer.output.weight),
                       layer.output.bias, middle.exact_NH, layer.output_norm, epsilon, pass.hidden_dropout());
}

}  // namespace

MidiBert make_midibert(ParameterSet& parameters, const BackboneConfig& config,
                       const std::vector<int>& column_sizes, const std::string& prefix) {
  validate(config);
  const std::string bert = prefix + "bert.";
  MidiBert model;
  model.config = config;
  model.token_type = parameters.add(bert + "embeddings.token_type_embeddings.weight", {2, config.hidden},
                                    normal(kBertDeviation));
  model.embedding_norm = add_layer_norm(parameters, bert + "embeddings.LayerNorm", config.hidden);
  for (int i = 0; i < config.layers; ++i)
    model.layers.push_back(make_layer(parameters, config, fmt::format("{}encoder.layer.{}.", bert, i)));
  for (std::size_t i = 0; i < column_sizes.size(); ++i)
    model.column_tables.push_back(parameters.add(fmt::format("{}word_emb.{}.lut.weight", prefix, i),
                                                 {column_sizes[i], config.embedding_width}, normal(1)));
  model.in_linear =
      add_linear(parameters, prefix + "in_linear",
                 config.embedding_width * static_cast<std::int64_t>(column_sizes.size()), config.hidden);
  return model;
}

Tensor embed_words(const MidiBert& model, const Tensor& words_NC) {
  return embed_words(model.column_tables, model.in_linear, words_NC);
}

Tensor embed_words(const std::vector<Tensor>& column_tables, const Linear& in_linear,
                   const Tensor& words_NC) {
  // in_linear of concatenated embeddings is a sum over columns of in_linear's slice times that column's
  // table. The table has few rows, the batch many words: multiplying the tables first leaves only look-ups to
  // be done per word.
  const std::int64_t width = column_tables.front().size(1);
  const double scale = std::sqrt(static_cast<double>(width));
  Tensor sum_NH = in_linear.bias;
  for (std::size_t c = 0; c < column_tables.size(); ++c) {
    const auto first = static_cast<std::int64_t>(c) * width;
    const Tensor slice_HW = in_linear.weight.slice(1, first, first + width);
    const Tensor folded = torch::matmul(column_tables[c], slice_HW.t()) * scale;
    sum_NH = sum_NH + torch::embedding(folded, words_NC.select(1, static_cast<std::int64_t>(c)));
  }
  return sum_NH;
}

std::vector<Tensor> encode(const MidiBert& model, const Tensor& words_NC, const Sequences& sequences,
                           const Tensor& mask_N, bool training, const SiteHook& hook, int last) {
  if (sequences.longest() > model.config.max_position)
    fail(ExitCode::kUsage, "a row of {} words is longer than model.max_position, {}", sequences.longest(),
         model.config.max_position);
  Pass pass{model.config, sequences, {}, training};
  if (mask_N.defined())
    pass.key_bias_N = (1 - mask_N.to(model.in_linear.weight.scalar_type())) * kMaskedScore;

  Tensor embedded = embed_words(model, words_NC) + model.token_type.select(0, 0);
  if (hook) embedded = hook(kBeforeNorm, embedded);
  const Tensor first =
      dropout(normalise(model.config, model.embedding_norm, embedded), pass.hidden_dropout());
  const torch::ScalarType type = product_type(model.config, first);
  Hidden hidden = rounded_to(type, first);
  std::vector<Tensor> states;
  for (int site = 0;; ++site) {
    if (hook) {
      const Tensor changed = hook(site, hidden.exact_NH);
      if (!changed.is_same(hidden.exact_NH)) hidden = rounded_to(type, changed);
    }
    states.push_back(hidden.exact_NH);
    if (site == model.config.layers || site == last) return states;
    hidden = run_layer(pass, model.layers[static_cast<std::size_t>(site)], hidden);
  }
}

}  // namespace mofi
