// The numbers of independent PyTorch implementations, in float64: those that midibert.md 3.7 states, to its
// digits, and those of make_midibert_numbers.py beside this file, to 1e-10.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "golden/midibert_numbers.h"
#include "model/classifier.h"
#include "model/masked_lm.h"
#include "model/token_head.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr int kBatch = 2;
constexpr int kLength = 10;
const std::vector<int> kColumnSizes = {4, 18, 88, 66};
const Sequences kSequences = regular_sequences(kBatch, kLength);

BackboneConfig golden_backbone() {
  BackboneConfig config;
  config.layers = 2;
  config.hidden = 24;
  config.heads = 3;
  config.intermediate = 40;
  config.embedding_width = 8;
  config.max_position = 16;
  return config;
}

/// Every parameter is 0.3 sin(s + 0.7 i), s the byte sum of its name mod 97; LayerNorm weights add 1.
void fill(const ParameterSet& parameters) {
  const torch::NoGradGuard no_grad;
  for (const NamedTensor& entry : parameters.all()) {
    int sum = 0;
    for (const char letter : entry.name) sum += static_cast<unsigned char>(letter);
    const Tensor index = torch::arange(entry.tensor.numel(), torch::kFloat64);
    const double offset = entry.name.find("LayerNorm.weight") != std::string::npos ? 1.0 : 0.0;
    entry.tensor.copy_((0.3 * torch::sin(sum % 97 + 0.7 * index) + offset).view(entry.tensor.sizes()));
  }
}

Classifier golden_model() {
  HeadConfig head;
  head.attention_width = 6;
  Classifier model =
      make_classifier(golden_backbone(), InjectionConfig{}, head, kColumnSizes, 4, 0, torch::kFloat64);
  fill(model.parameters);
  return model;
}

Tensor golden_words() {
  Tensor words = torch::empty({kBatch * kLength, 4}, torch::kInt64);
  for (int b = 0; b < kBatch; ++b)
    for (int l = 0; l < kLength; ++l)
      for (int t = 0; t < 4; ++t)
        words[b * kLength + l][t] = (5 * b + 3 * l + 7 * t + l * l) % kColumnSizes[t];
  return words;
}

Tensor padded_mask() {
  Tensor mask = torch::ones({kBatch * kLength}, torch::kFloat64);
  mask.slice(0, kLength + 7, kLength + 10).fill_(0);
  return mask;
}

/// Word 4 of sequence 1.
void expect_first_four(const Tensor& state_NH, std::array<double, 4> expected) {
  const Tensor at = state_NH[kLength + 4];
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(at[i].item<double>(), expected[i], 1e-8 * std::max(1.0, std::abs(expected[i])));
}

void expect_row(const Tensor& row, std::array<double, 4> expected) {
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(row[i].item<double>(), expected[i], 1e-8 * std::abs(expected[i]));
}

/// Each number to 1e-10 of itself.
void expect_numbers(const std::string& name, const Tensor& found) {
  const auto& expected = kMidiBertNumbers.at(name);
  const Tensor flat = found.detach().flatten();
  ASSERT_EQ(flat.size(0), static_cast<std::int64_t>(expected.size())) << name;
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), expected[i], 1e-10 * std::abs(expected[i]))
        << name << " [" << i << "]";
}

/// Sum and sum of absolute values of every gradient, and that the reference has the same parameters.
void expect_gradients(const std::string& task, const ParameterSet& parameters) {
  const std::string prefix = task + ": gradient of ";
  std::size_t in_reference = 0;
  for (const auto& [name, numbers] : kMidiBertNumbers) in_reference += name.starts_with(prefix) ? 1 : 0;
  EXPECT_EQ(parameters.all().size(), in_reference);
  for (const NamedTensor& entry : parameters.all()) {
    const auto& expected = kMidiBertNumbers.at(prefix + entry.name);
    const Tensor gradient = entry.tensor.grad();
    ASSERT_TRUE(gradient.defined()) << entry.name;
    EXPECT_GT(expected[1], 0) << entry.name;
    EXPECT_NEAR(gradient.sum().item<double>(), expected[0], 1e-10 * expected[1]) << entry.name;
    EXPECT_NEAR(gradient.abs().sum().item<double>(), expected[1], 1e-10 * expected[1]) << entry.name;
  }
}

TEST(MidiBertGolden, input_layer_equals_the_reference) {
  expect_first_four(embed_words(golden_model().backbone, golden_words()),
                    {1.664338862, -1.704749884, 2.021529839, -1.036577661});
}

TEST(MidiBertGolden, hidden_states_equal_the_reference_without_padding) {
  const auto states =
      encode(golden_model().backbone, golden_words(), kSequences, torch::ones({kBatch * kLength}), false);
  ASSERT_EQ(states.size(), 3U);
  expect_first_four(states[0], {0.977574168, -1.763555984, 2.066778568, -0.404701323});
  expect_first_four(states[1], {-1.346611387, 0.131665083, -0.005884106, -0.055490982});
  expect_first_four(states[2], {-0.580104886, -0.010157343, -1.012672155, 1.06490808});
  EXPECT_NEAR(states[2].sum().item<double>(), 20.77484186, 1e-7);
  EXPECT_NEAR(states[2].square().sum().item<double>(), 570.5707415, 1e-6);
}

TEST(MidiBertGolden, hidden_states_equal_the_reference_with_padding) {
  const auto states = encode(golden_model().backbone, golden_words(), kSequences, padded_mask(), false);
  expect_first_four(states[0], {0.977574168, -1.763555984, 2.066778568, -0.404701323});
  expect_first_four(states[1], {-1.262170248, 0.06674502, 0.004535022, -0.030370256});
  expect_first_four(states[2], {-0.540767643, -0.016639194, -1.005472749, 1.055212628});
  EXPECT_NEAR(states[2].sum().item<double>(), 20.66319631, 1e-7);
  EXPECT_NEAR(states[2].square().sum().item<double>(), 566.4711604, 1e-6);
}

TEST(MidiBertGolden, logits_equal_the_reference_under_attended_and_pooled_padding) {
  const Classifier model = golden_model();
  const Tensor attended = forward(model, {golden_words(), kSequences, {}, {}}, Padding::kAttended, false);
  expect_row(attended[0], {5.028792408, -4.717040771, 3.626530261, -3.518508429});
  expect_row(attended[1], {5.024103643, -4.71578034, 3.628719181, -3.524110201});
  const Tensor pooled =
      forward(model, {golden_words(), kSequences, padded_mask(), {}}, Padding::kPooled, false);
  expect_row(pooled[0], {5.028792408, -4.717040771, 3.626530261, -3.518508429});
  expect_row(pooled[1], {5.022713646, -4.713554435, 3.625694483, -3.520337144});
}

TEST(MidiBertGolden, head_on_the_embedding_output_equals_the_reference) {
  const Classifier model = golden_model();
  for (const Tensor& mask : {torch::Tensor(), padded_mask()}) {
    const auto states = encode(model.backbone, golden_words(), kSequences, mask, false);
    expect_row(classify(model.head, states[0], kSequences, {})[1],
               {5.567815137, -5.262162686, 4.168661857, -4.04861006});
  }
}

TEST(MidiBertGolden, loss_and_gradients_equal_the_reference) {
  const Classifier model = golden_model();
  const Tensor logits = forward(model, {golden_words(), kSequences, {}, {}}, Padding::kAttended, false);
  const Tensor loss = torch::cross_entropy_loss(logits, torch::tensor({2, 0}));
  EXPECT_NEAR(loss.item<double>(), 0.92198493927354, 1e-12);
  loss.backward();
  const auto gradient = [&](const char* name) { return model.parameters.get(name).grad(); };
  const Tensor distance = gradient("midibert.bert.encoder.layer.0.attention.self.distance_embedding.weight");
  EXPECT_NEAR(distance.sum().item<double>(), -4.579004615e-05, 1e-13);
  EXPECT_NEAR(distance.abs().sum().item<double>(), 0.007208670244, 1e-11);
  const Tensor pitch = gradient("midibert.word_emb.2.lut.weight");
  EXPECT_NEAR(pitch.sum().item<double>(), 0.001069358683, 1e-11);
  EXPECT_NEAR(pitch.abs().sum().item<double>(), 0.043922564, 1e-9);
  const Tensor pooling = gradient("attention.ws1.weight");
  EXPECT_NEAR(pooling.sum().item<double>(), 6.201081015e-05, 1e-13);
  EXPECT_NEAR(pooling.abs().sum().item<double>(), 0.023752130603, 1e-12);
  // What the reference has and never uses, and so gives no gradient at all, does not exist here.
  for (const NamedTensor& entry : model.parameters.all())
    for (const char* unused : {"word_embeddings", "position_embeddings", "pooler"})
      EXPECT_EQ(entry.name.find(unused), std::string::npos) << entry.name;
}

TEST(MidiBertGolden, every_state_and_all_logits_equal_plain_pytorch) {
  const Classifier model = golden_model();
  expect_numbers("in_linear", embed_words(model.backbone, golden_words())[kLength + 4].slice(0, 0, 4));
  for (const bool padded : {false, true}) {
    const std::string name = padded ? "padded: " : "whole: ";
    const Tensor mask = padded ? padded_mask() : torch::ones({kBatch * kLength});
    const auto states = encode(model.backbone, golden_words(), kSequences, mask, false);
    for (std::size_t i = 0; i < states.size(); ++i) {
      expect_numbers(fmt::format("{}hidden_states.{}", name, i), states[i][kLength + 4].slice(0, 0, 4));
      expect_numbers(fmt::format("{}sums of hidden_states.{}", name, i),
                     torch::stack({states[i].sum(), states[i].square().sum()}));
    }
    expect_numbers(name + "logits", classify(model.head, states.back(), kSequences, {}));
    expect_numbers(name + "logits of layer 0", classify(model.head, states.front(), kSequences, {}));
  }
  const ModelInput input = {golden_words(), kSequences, padded_mask(), {}};
  expect_numbers("whole: logits", forward(model, input, Padding::kAttended, false));
  expect_numbers("padded: logits", forward(model, input, Padding::kPooled, false));
  expect_numbers("padded: logits, padding not pooled", forward(model, input, Padding::kMasked, false));
}

TEST(MidiBertGolden, sequence_loss_and_all_gradients_equal_plain_pytorch) {
  const Classifier model = golden_model();
  const Tensor loss = torch::cross_entropy_loss(
      forward(model, {golden_words(), kSequences, {}, {}}, Padding::kAttended, false), torch::tensor({2, 0}));
  expect_numbers("sequence: loss", loss);
  loss.backward();
  expect_gradients("sequence", model.parameters);
}

TEST(MidiBertGolden, token_logits_loss_and_all_gradients_equal_plain_pytorch) {
  ParameterSet parameters(0, torch::kFloat64);
  const MidiBert backbone = make_midibert(parameters, golden_backbone(), kColumnSizes, "midibert.");
  const TokenHead head = make_token_head(parameters, HeadConfig{}, 24, 7);
  fill(parameters);
  Tensor labels = torch::empty({kBatch * kLength}, torch::kInt64);
  for (int b = 0; b < kBatch; ++b)
    for (int l = 0; l < kLength; ++l) labels[b * kLength + l] = (2 * b + l) % 7;
  const Tensor hidden = encode(backbone, golden_words(), kSequences, labels != 0, false).back();
  expect_numbers("token: logits", classify_tokens(head, hidden, false)[kLength + 4]);
  const Tensor chosen = labelled_words(labels);
  const WordScores scores =
      score_words(classify_tokens(head, words_at(hidden, chosen), false), labels.index_select(0, chosen));
  const Tensor loss = scores.loss_sum / scores.words;
  expect_numbers("token: loss", loss);
  expect_numbers("token: words", torch::tensor(static_cast<double>(scores.words), torch::kFloat64));
  loss.backward();
  expect_gradients("token", parameters);
}

TEST(MidiBertGolden, masked_lm_losses_and_all_gradients_equal_plain_pytorch) {
  ParameterSet parameters(0, torch::kFloat64);
  const MidiBert backbone = make_midibert(parameters, golden_backbone(), kColumnSizes, "midibert.");
  const MaskedLmHead head = make_masked_lm_head(parameters, 24, kColumnSizes);
  fill(parameters);
  const Tensor words = golden_words();
  const Tensor chosen = torch::arange(1, kBatch * kLength, 3);
  const Tensor targets =
      (words + 1 + torch::arange(4)).remainder(torch::tensor({4, 18, 88, 66})).index_select(0, chosen);
  const Tensor hidden = encode(backbone, words, kSequences, words.select(1, 0) != 2, false).back();
  const MaskedLmScores scores = score_masked_words(head, hidden, chosen, targets);
  const Tensor loss = scores.loss_sum / scores.words;
  expect_numbers("masked LM: loss", loss);
  expect_numbers("masked LM: losses of columns", scores.column_loss_C / scores.words);
  expect_numbers("masked LM: correct", scores.correct_C.to(torch::kFloat64));
  loss.backward();
  expect_gradients("masked LM", parameters);
}

}  // namespace
}  // namespace mofi
