#include "model/recurrent.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "model/dropout.h"
#include "model/midibert.h"

namespace mofi {
namespace {

using torch::Tensor;

// oneDNN compiles and keeps a kernel for every shape; with lengths in steps few shapes occur.
constexpr std::int64_t kLengthStep = 16;
constexpr double kNoKey = -1e30;            ///< the score of what is not attended to: a weight of exactly 0
constexpr double kLayerNormEpsilon = 1e-5;  // PyTorch's

LstmDirection add_direction(ParameterSet& parameters, const std::string& suffix, std::int64_t in,
                            std::int64_t hidden) {
  const Initializer fill = uniform(1.0 / std::sqrt(static_cast<double>(hidden)));
  const auto add = [&](const char* name, std::vector<std::int64_t> shape) {
    return parameters.add(std::string(kRecurrentPrefix) + "lstm." + name + suffix, shape, fill);
  };
  return {add("weight_ih_", {4 * hidden, in}), add("weight_hh_", {4 * hidden, hidden}),
          add("bias_ih_", {4 * hidden}), add("bias_hh_", {4 * hidden})};
}

/// Rows of words, one sequence behind another, and the same side by side, [L, sequences].
struct SideBySide {
  Tensor row_LS, turned_row_LS;    ///< which row stands there, of sequences as they are and turned round
  Tensor place_N, turned_place_N;  ///< where a row stands in [L · sequences]
  Tensor is_word_LS;
};

SideBySide side_by_side(const Sequences& sequences, const Tensor& mask_N, std::int64_t rows,
                        torch::Device device) {
  const torch::NoGradGuard no_grad;
  const std::int64_t count = sequences.count();
  const std::int64_t longest = (sequences.longest() + kLengthStep - 1) / kLengthStep * kLengthStep;
  const Tensor starts = sequences.starts_on(device), start_S = starts.slice(0, 0, count);
  const Tensor sequence_N = sequences.sequences_of_rows(rows, device);
  Tensor length_S = starts.slice(0, 1) - start_S;
  if (mask_N.defined())
    length_S = torch::zeros_like(length_S).index_add(0, sequence_N, mask_N.to(torch::kInt64));

  const Tensor t_L1 = torch::arange(longest, length_S.options()).unsqueeze(1), last_S = length_S - 1;
  const auto row_at = [&](const Tensor& place_LS) {
    return (start_S + place_LS.clamp_min(0)).clamp_max(rows - 1);
  };
  const auto place_of = [&](const Tensor& place) { return place.clamp(0, longest - 1) * count + sequence_N; };
  const Tensor place_N = torch::arange(rows, length_S.options()) - start_S.index_select(0, sequence_N);
  return {row_at(torch::minimum(t_L1, last_S)), row_at(last_S - t_L1), place_of(place_N),
          place_of(last_S.index_select(0, sequence_N) - place_N), t_L1 < length_S};
}

/// Hidden states [words, hidden] of one direction of a layer.
Tensor run_direction(const LstmDirection& direction, const Tensor& x_NI, const Tensor& row_LS,
                     const Tensor& place_N) {
  const std::int64_t hidden = direction.hidden_weight.size(1);
  const Tensor x_LSI = x_NI.index_select(0, row_LS.flatten()).view({row_LS.size(0), row_LS.size(1), -1});
  const Tensor begin = torch::zeros({1, row_LS.size(1), hidden}, x_NI.options().requires_grad(false));
  // ATen's call, by which oneDNN computes float32 on the CPU and cuDNN on devices. What it keeps for the way
  // back it keeps only in training.
  const Tensor states_LSH = std::get<0>(torch::lstm(
      x_LSI, {begin, begin},
      {direction.input_weight, direction.hidden_weight, direction.input_bias, direction.hidden_bias},
      /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0.0, /*train=*/at::GradMode::is_enabled(),
      /*bidirectional=*/false, /*batch_first=*/false));
  return states_LSH.flatten(0, 1).index_select(0, place_N);
}

/// LayerNorm(x + attention(x)), every word attending to all words of its sequence.
Tensor attend(const Recurrent& model, const Tensor& x_NH, const SideBySide& places,
              double dropout_probability) {
  const std::int64_t longest = places.row_LS.size(0), count = places.row_LS.size(1), width = model.width(),
                     heads = model.config.heads;
  const Tensor rows = places.row_LS.t().flatten();
  const auto of_heads = [&](const Linear& linear) {  // [sequences, heads, L, width of a head]
    return linear(x_NH).index_select(0, rows).view({count, longest, heads, -1}).transpose(1, 2);
  };
  const Tensor scores = torch::matmul(of_heads(model.query), of_heads(model.key).transpose(2, 3)) /
                        std::sqrt(static_cast<double>(width / heads));
  const Tensor no_key_SL = places.is_word_LS.logical_not().t();
  const Tensor weights = torch::softmax(scores.masked_fill(no_key_SL.unsqueeze(1).unsqueeze(1), kNoKey), -1);
  const Tensor mixed_LSH =
      torch::matmul(weights, of_heads(model.value)).permute({2, 0, 1, 3}).reshape({longest * count, width});
  const Tensor attended_NH = model.output(mixed_LSH.index_select(0, places.place_N));
  return torch::layer_norm(x_NH + dropout(attended_NH, dropout_probability), {width}, model.norm_weight,
                           model.norm_bias, kLayerNormEpsilon);
}

}  // namespace

Recurrent make_recurrent(ParameterSet& parameters, const RecurrentConfig& config, bool attends,
                         const std::vector<int>& column_sizes) {
  if (const std::string why = misfit(config, attends); !why.empty()) fail(ExitCode::kUsage, "{}", why);
  const std::string prefix = kRecurrentPrefix;
  Recurrent model;
  model.config = config;
  model.attends = attends;
  for (std::size_t c = 0; c < column_sizes.size(); ++c)
    model.column_tables.push_back(parameters.add(fmt::format("{}word_emb.{}.weight", prefix, c),
                                                 {column_sizes[c], config.embedding_width}, normal(1)));
  std::int64_t in = config.embedding_width;
  if (config.columns == "concatenated") {
    model.in_linear = add_linear(parameters, prefix + "in_linear",
                                 in * static_cast<std::int64_t>(column_sizes.size()), config.input_width);
    in = config.input_width;
  }
  for (int k = 0; k < config.layers; ++k) {
    model.layers.push_back({add_direction(parameters, fmt::format("l{}", k), in, config.hidden),
                            add_direction(parameters, fmt::format("l{}_reverse", k), in, config.hidden)});
    in = model.width();
  }
  if (!attends) return model;
  model.query = add_linear(parameters, prefix + "attention.query", in, in);
  model.key = add_linear(parameters, prefix + "attention.key", in, in);
  model.value = add_linear(parameters, prefix + "attention.value", in, in);
  model.output = add_linear(parameters, prefix + "attention.output", in, in);
  model.norm_weight = parameters.add(prefix + "attention.LayerNorm.weight", {in}, constant(1));
  model.norm_bias = parameters.add(prefix + "attention.LayerNorm.bias", {in}, constant(0));
  return model;
}

std::vector<Tensor> encode(const Recurrent& model, const Tensor& words_NC, const Sequences& sequences,
                           const Tensor& mask_N, bool training) {
  const double probability = training ? model.config.dropout : 0;
  const SideBySide places = side_by_side(sequences, mask_N, words_NC.size(0), words_NC.device());
  Tensor embedded;
  if (model.config.columns == "concatenated") {
    embedded = embed_words(model.column_tables, model.in_linear, words_NC);
  } else {
    for (std::size_t c = 0; c < model.column_tables.size(); ++c) {
      const Tensor column =
          torch::embedding(model.column_tables[c], words_NC.select(1, static_cast<std::int64_t>(c)));
      embedded = c == 0 ? column : embedded + column;
    }
  }
  std::vector<Tensor> states = {dropout(embedded, probability)};
  for (const auto& [forward, backward] : model.layers) {
    const Tensor& x = states.back();
    states.push_back(
        dropout(torch::cat({run_direction(forward, x, places.row_LS, places.place_N),
                            run_direction(backward, x, places.turned_row_LS, places.turned_place_N)},
                           1),
                probability));
  }
  if (model.attends) states.push_back(attend(model, states.back(), places, probability));
  return states;
}

}  // namespace mofi
