// The numbers of an independent PyTorch implementation (midibert.md 3.7), in float64.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "model/classifier.h"

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
Classifier golden_model() {
  HeadConfig head;
  head.attention_width = 6;
  Classifier model =
      make_classifier(golden_backbone(), InjectionConfig{}, head, kColumnSizes, 4, 0, torch::kFloat64);
  const torch::NoGradGuard no_grad;
  for (const NamedTensor& entry : model.parameters.all()) {
    int sum = 0;
    for (const char letter : entry.name) sum += static_cast<unsigned char>(letter);
    const Tensor index = torch::arange(entry.tensor.numel(), torch::kFloat64);
    const double offset = entry.name.find("LayerNorm.weight") != std::string::npos ? 1.0 : 0.0;
    entry.tensor.copy_((0.3 * torch::sin(sum % 97 + 0.7 * index) + offset).view(entry.tensor.sizes()));
  }
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
  expect_row(pooled[1], {5.022713646, -4.713554435, 3.625694483, -3.520337144});
}

TEST(MidiBertGolden, head_on_the_embedding_output_equals_the_reference) {
  const Classifier model = golden_model();
  const auto states = encode(model.backbone, golden_words(), kSequences, {}, false);
  expect_row(classify(model.head, states[0], kSequences, {})[1],
             {5.567815137, -5.262162686, 4.168661857, -4.04861006});
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
}

}  // namespace
}  // namespace mofi
