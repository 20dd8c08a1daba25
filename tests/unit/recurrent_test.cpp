// LSTM-Attn and BiLMA against their definitions, and what padding may not do.

#include "model/recurrent.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "model/classifier.h"

namespace mofi {
namespace {

using torch::Tensor;

const std::vector<int> kColumnSizes = {4, 18, 88, 66};

RecurrentConfig small_recurrent() {
  RecurrentConfig config;
  config.embedding_width = 10;
  config.input_width = 12;
  config.hidden = 6;
  config.layers = 2;
  config.heads = 3;
  return config;
}

Classifier make(bool attends, const std::string& columns = "summed", torch::Dtype type = torch::kFloat32) {
  RecurrentConfig config = small_recurrent();
  config.columns = columns;
  return make_recurrent_classifier(config, attends, HeadConfig{}, kColumnSizes, 4, 1, type);
}

constexpr std::int64_t kLengths[] = {9, 1, 5};

/// Words of three sequences, one behind another.
Tensor some_words() {
  torch::manual_seed(3);
  std::vector<Tensor> columns;
  for (const int size : kColumnSizes) columns.push_back(torch::randint(size, {9 + 1 + 5}));
  return torch::stack(columns, 1);
}

ModelInput packed() {
  ModelInput input;
  input.words_NC = some_words();
  for (const std::int64_t length : kLengths) input.sequences.add(length);
  return input;
}

/// The same, each sequence in a row of `length` words, of which the last are some other words.
ModelInput padded(std::int64_t length) {
  const Tensor words = some_words();
  std::vector<Tensor> rows;
  ModelInput input;
  input.mask_N = torch::zeros({3, length});
  std::int64_t first = 0;
  for (int s = 0; s < 3; ++s) {
    rows.push_back(words.slice(0, first, first + kLengths[s]));
    rows.push_back(torch::randint(4, {length - kLengths[s], 4}));
    input.mask_N[s].slice(0, 0, kLengths[s]).fill_(1);
    first += kLengths[s];
  }
  input.words_NC = torch::cat(rows);
  input.sequences = regular_sequences(3, length);
  input.mask_N = input.mask_N.flatten();
  return input;
}

/// The same where only the device knows lengths; a sequence without words, and rows of none.
ModelInput unknown() {
  ModelInput input;
  input.words_NC = torch::cat({some_words(), torch::randint(4, {5, 4})});
  input.sequences.longest_there = 40;
  input.sequences.device_starts = torch::tensor({0, 9, 10, 15, 15});
  input.sequences.device_sequences =
      torch::tensor({0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3});
  input.mask_N = torch::ones({20});
  input.mask_N.slice(0, 15).zero_();
  return input;
}

/// Logits of the three sequences and the gradients of all parameters.
std::vector<Tensor> with_gradients(const Classifier& model, const ModelInput& input, Padding padding) {
  ModelInput typed = input;
  const auto type = model.parameters.all().front().tensor.scalar_type();
  if (typed.mask_N.defined()) typed.mask_N = typed.mask_N.to(type);
  const Tensor logits = forward(model, typed, padding, true).slice(0, 0, 3);
  auto found = torch::autograd::grad({logits.square().sum()}, tensors_of(model.parameters.all()));
  found.push_back(logits.detach());
  return found;
}

void expect_near(const std::vector<Tensor>& found, const std::vector<Tensor>& expected, double bound,
                 const char* what) {
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_LE((found[i].to(torch::kFloat64) - expected[i].to(torch::kFloat64)).abs().max().item<double>(),
              bound * std::max(1.0, expected[i].abs().max().item<double>()))
        << what << ", tensor " << i << " of " << found.size();
}

TEST(Recurrent, states_are_those_of_the_definition_word_by_word) {
  const Classifier model = make(false, "summed", torch::kFloat64);
  const ModelInput input = packed();
  const auto states = encode(*model.recurrent, input.words_NC, input.sequences, {}, false);
  ASSERT_EQ(static_cast<std::int64_t>(states.size()), model.states());
  const auto parameter = [&](const std::string& name) {
    return model.parameters.get("recurrent." + name).detach();
  };
  Tensor x = torch::zeros({15, 10}, torch::kFloat64);
  for (int c = 0; c < 4; ++c)
    x += parameter("word_emb." + std::to_string(c) + ".weight").index_select(0, input.words_NC.select(1, c));
  EXPECT_TRUE(torch::allclose(states[0], x, 0, 1e-14));
  for (int layer = 0; layer < 2; ++layer) {
    Tensor expected = torch::zeros({15, 12}, torch::kFloat64);
    for (int way = 0; way < 2; ++way) {
      const std::string suffix = "l" + std::to_string(layer) + (way == 1 ? "_reverse" : "");
      const Tensor w_ih = parameter("lstm.weight_ih_" + suffix), w_hh = parameter("lstm.weight_hh_" + suffix),
                   bias = parameter("lstm.bias_ih_" + suffix) + parameter("lstm.bias_hh_" + suffix);
      for (std::size_t s = 0; s < 3; ++s) {
        Tensor h = torch::zeros({6}, torch::kFloat64), c = torch::zeros({6}, torch::kFloat64);
        for (std::int64_t t = 0; t < input.sequences.length(static_cast<std::int64_t>(s)); ++t) {
          const std::int64_t row =
              way == 0 ? input.sequences.starts[s] + t : input.sequences.starts[s + 1] - 1 - t;
          const auto gates = (w_ih.mv(x[row]) + w_hh.mv(h) + bias).chunk(4);
          c = torch::sigmoid(gates[1]) * c + torch::sigmoid(gates[0]) * torch::tanh(gates[2]);
          h = torch::sigmoid(gates[3]) * torch::tanh(c);
          expected[row].slice(0, 6 * way, 6 * way + 6).copy_(h);
        }
      }
    }
    EXPECT_TRUE(torch::allclose(states[static_cast<std::size_t>(layer) + 1], expected, 0, 1e-13)) << layer;
    x = expected;
  }
}

TEST(Recurrent, concatenated_columns_are_midibert_s_input_layer) {
  const Classifier model = make(false, "concatenated", torch::kFloat64);
  const ModelInput input = packed();
  std::vector<Tensor> columns;
  for (int c = 0; c < 4; ++c)
    columns.push_back(model.recurrent->column_tables[static_cast<std::size_t>(c)].index_select(
                          0, input.words_NC.select(1, c)) *
                      std::sqrt(10.0));
  const Tensor expected = torch::linear(torch::cat(columns, 1), model.recurrent->in_linear.weight,
                                        model.recurrent->in_linear.bias);
  EXPECT_TRUE(torch::allclose(encode(*model.recurrent, input.words_NC, input.sequences, {}, false).front(),
                              expected, 0, 1e-12));
}

TEST(Recurrent, attention_is_that_of_the_definition_and_stays_within_a_sequence) {
  const Classifier model = make(true, "summed", torch::kFloat64);
  const ModelInput input = packed();
  const auto states = encode(*model.recurrent, input.words_NC, input.sequences, {}, false);
  const Tensor x = states[states.size() - 2];
  const Recurrent& r = *model.recurrent;
  std::vector<Tensor> expected;
  for (std::size_t s = 0; s < 3; ++s) {
    const Tensor own = x.slice(0, input.sequences.starts[s], input.sequences.starts[s + 1]);
    std::vector<Tensor> heads;
    for (int h = 0; h < 3; ++h) {
      const auto part = [&](const Linear& linear) {
        return torch::linear(own, linear.weight, linear.bias).slice(1, 4 * h, 4 * h + 4);
      };
      heads.push_back(
          torch::softmax(part(r.query).mm(part(r.key).t()) / 2.0, 1).mm(part(r.value)));  // 2: root of 4
    }
    expected.push_back(own + torch::linear(torch::cat(heads, 1), r.output.weight, r.output.bias));
  }
  EXPECT_TRUE(torch::allclose(states.back(), torch::layer_norm(torch::cat(expected), {12}), 0, 1e-12));
}

TEST(Recurrent, padding_never_changes_a_logit_or_a_gradient) {
  for (const bool attends : {false, true})
    for (const torch::Dtype type : {torch::kFloat64, torch::kFloat32}) {
      const Classifier model = make(attends, attends ? "concatenated" : "summed", type);
      const double bound = type == torch::kFloat64 ? 1e-12 : 1e-5;
      const auto expected = with_gradients(model, packed(), Padding::kMasked);
      expect_near(with_gradients(model, padded(9), Padding::kMasked), expected, bound, "padded to 9");
      expect_near(with_gradients(model, padded(37), Padding::kMasked), expected, bound, "padded to 37");
      expect_near(with_gradients(model, unknown(), Padding::kMasked), expected, bound, "unknown lengths");
    }
}

TEST(Recurrent, attended_padding_is_read_like_words) {
  const Classifier model = make(false);
  const ModelInput once = padded(9);
  const Tensor shorter = forward(model, once, Padding::kAttended, false),
               longer = forward(model, padded(20), Padding::kAttended, false);
  EXPECT_FALSE(torch::allclose(shorter, longer, 1e-3, 1e-4));
  ModelInput all_words = once;
  all_words.mask_N = Tensor();
  EXPECT_TRUE(torch::equal(shorter, forward(model, all_words, Padding::kMasked, false)));
  EXPECT_THROW(forward(model, once, Padding::kPooled, false), Error);
}

TEST(Recurrent, float32_differs_from_float64_by_its_rounding_forward_and_back) {
  // oneDNN computes the one, ATen the other.
  for (const bool attends : {false, true}) {
    RecurrentConfig config;  // the published sizes
    const auto found = [&](torch::Dtype type) {
      return with_gradients(
          make_recurrent_classifier(config, attends, HeadConfig{}, kColumnSizes, 4, 1, type), packed(),
          Padding::kMasked);
    };
    expect_near(found(torch::kFloat32), found(torch::kFloat64), 2e-5, attends ? "bilma" : "lstm_attn");
  }
}

TEST(Recurrent, dropout_acts_in_training_alone) {
  RecurrentConfig config = small_recurrent();
  config.dropout = 0.5;
  const Classifier model = make_recurrent_classifier(config, true, HeadConfig{}, kColumnSizes, 4, 1),
                   without = make(true);
  EXPECT_TRUE(torch::equal(forward(model, packed(), Padding::kMasked, false),
                           forward(without, packed(), Padding::kMasked, false)));
  EXPECT_FALSE(torch::allclose(forward(model, packed(), Padding::kMasked, true),
                               forward(without, packed(), Padding::kMasked, true), 1e-3, 1e-4));
}

TEST(Recurrent, lstm_attn_has_the_parameters_of_the_published_models) {
  const auto head = [](std::int64_t rows) {  // W1, W2, two linear layers
    return 128 * 256 + rows * 128 + (rows * 256 * 256 + 256) + (256 * 4 + 4);
  };
  const auto lstm = [](std::int64_t in) { return 2 * (4 * 128 * (in + 128) + 2 * 4 * 128); };
  HeadConfig emopia_head;
  emopia_head.attention_rows = 14;
  EXPECT_EQ(make_recurrent_classifier(RecurrentConfig{}, false, emopia_head, {389}, 4, 1).parameters.count(),
            389 * 300 + lstm(300) + head(14));
  RecurrentConfig midibert;
  midibert.columns = "concatenated";
  midibert.embedding_width = 256;
  EXPECT_EQ(make_recurrent_classifier(midibert, false, HeadConfig{}, kColumnSizes, 4, 1).parameters.count(),
            176 * 256 + (1024 * 768 + 768) + lstm(768) + head(4));
}

TEST(Recurrent, heads_that_do_not_divide_the_width_are_refused) {
  RecurrentConfig config = small_recurrent();
  config.heads = 5;
  EXPECT_THROW(make_recurrent_classifier(config, true, HeadConfig{}, kColumnSizes, 4, 1), Error);
  EXPECT_NO_THROW(make_recurrent_classifier(config, false, HeadConfig{}, kColumnSizes, 4, 1));
}

}  // namespace
}  // namespace mofi
