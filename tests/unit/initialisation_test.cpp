// Every parameter of the base model and its heads: name and shape as in MIDI-BERT's state_dict
// (midibert.md 6.2), first values distributed as there (3.5).

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <set>

#include "model/classifier.h"
#include "model/masked_lm.h"
#include "model/token_head.h"
#include "one_thread.h"

namespace mofi {
namespace {

using Kind = Initializer::Kind;

struct Expected {
  std::string name;
  std::vector<std::int64_t> shape;
  Initializer fill;
};

constexpr Initializer kBert = {Kind::kNormal, 0.02}, kZero = {Kind::kConstant, 0},
                      kOne = {Kind::kConstant, 1};

void expect_bert_linear(std::vector<Expected>& list, const std::string& name, std::int64_t out,
                        std::int64_t in) {
  list.push_back({name + ".weight", {out, in}, kBert});
  list.push_back({name + ".bias", {out}, kZero});
}

void expect_norm(std::vector<Expected>& list, const std::string& name) {
  list.push_back({name + ".weight", {768}, kOne});
  list.push_back({name + ".bias", {768}, kZero});
}

/// nn.Linear's own start: weight and bias U(±1/sqrt(in)).
void expect_linear(std::vector<Expected>& list, const std::string& name, std::int64_t out, std::int64_t in) {
  const Initializer fill = {Kind::kUniform, 1 / std::sqrt(static_cast<double>(in))};
  list.push_back({name + ".weight", {out, in}, fill});
  list.push_back({name + ".bias", {out}, fill});
}

/// Table 6.2 in its order, without what is never used: word and position embeddings, pooler.
std::vector<Expected> base_backbone() {
  std::vector<Expected> list;
  const std::string bert = "midibert.bert.";
  list.push_back({bert + "embeddings.token_type_embeddings.weight", {2, 768}, kBert});
  expect_norm(list, bert + "embeddings.LayerNorm");
  for (int i = 0; i < 12; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", bert, i);
    for (const char* part : {"query", "key", "value"})
      expect_bert_linear(list, layer + "attention.self." + part, 768, 768);
    list.push_back({layer + "attention.self.distance_embedding.weight", {1023, 64}, kBert});
    expect_bert_linear(list, layer + "attention.output.dense", 768, 768);
    expect_norm(list, layer + "attention.output.LayerNorm");
    expect_bert_linear(list, layer + "intermediate.dense", 3072, 768);
    expect_bert_linear(list, layer + "output.dense", 768, 3072);
    expect_norm(list, layer + "output.LayerNorm");
  }
  const std::int64_t ids[] = {4, 18, 88, 66};
  for (int t = 0; t < 4; ++t)
    list.push_back({fmt::format("midibert.word_emb.{}.lut.weight", t), {ids[t], 256}, {Kind::kNormal, 1}});
  expect_linear(list, "midibert.in_linear", 768, 1024);
  return list;
}

/// Five standard errors: with some 600 checks at fixed seeds, none is met by chance more than once in 3,000
/// seeds.
constexpr double kErrors = 5;

/// Of large tensors every so-many-th element, some 100,000, which tells deviations that differ by 2 % apart.
void expect_distribution(const Expected& expected, const torch::Tensor& values) {
  const std::int64_t stride = 1 + values.numel() / 100000;
  const torch::Tensor x = values.detach().flatten().slice(0, 0, std::nullopt, stride).to(torch::kFloat64);
  const auto n = static_cast<double>(x.numel());
  const double value = expected.fill.value, mean = x.mean().item<double>(),
               deviation = x.square().mean().sqrt().item<double>(), largest = x.abs().max().item<double>();
  const auto share_within = [&](double bound) {
    return (x.abs() <= bound).to(torch::kFloat64).mean().item<double>();
  };
  switch (expected.fill.kind) {
    case Kind::kIdentity:
      EXPECT_TRUE(torch::equal(values.detach(), torch::eye(values.size(0)))) << expected.name;
      break;
    case Kind::kConstant:
      EXPECT_TRUE((x == value).all().item<bool>()) << expected.name;
      break;
    case Kind::kNormal:
      EXPECT_NEAR(mean, 0, kErrors * value / std::sqrt(n)) << expected.name;
      EXPECT_NEAR(deviation / value, 1, kErrors / std::sqrt(2 * n)) << expected.name;
      EXPECT_NEAR(share_within(value), 0.682689, kErrors * std::sqrt(0.682689 * 0.317311 / n))
          << expected.name;
      EXPECT_GT(largest, 2.2 * value) << expected.name << ": a truncated normal";
      break;
    case Kind::kUniform:
      EXPECT_NEAR(mean, 0, kErrors * value / std::sqrt(3 * n)) << expected.name;
      EXPECT_NEAR(share_within(value / 2), 0.5, kErrors * 0.5 / std::sqrt(n)) << expected.name;
      EXPECT_LE(largest, value * (1 + 1e-6)) << expected.name;
      EXPECT_GT(largest, value * (1 - 12 / n)) << expected.name;  // missed by chance once in e^12
      break;
  }
}

void expect_parameters(const ParameterSet& parameters, const std::vector<Expected>& expected) {
  const OneThread one_thread;
  ASSERT_EQ(parameters.all().size(), expected.size());
  std::set<float> firsts;
  std::size_t random = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const NamedTensor& entry = parameters.all()[i];
    EXPECT_EQ(entry.name, expected[i].name);
    EXPECT_EQ(entry.tensor.sizes().vec(), expected[i].shape) << entry.name;
    EXPECT_TRUE(entry.tensor.requires_grad() && entry.tensor.is_leaf()) << entry.name;
    expect_distribution(expected[i], entry.tensor);
    if (expected[i].fill.kind == Kind::kConstant) continue;
    ++random;
    firsts.insert(entry.tensor.flatten()[0].item<float>());
  }
  EXPECT_EQ(firsts.size(), random) << "two tensors begin alike: do they share a random stream?";
}

TEST(Initialisation, base_backbone_and_sequence_head_have_the_published_names_shapes_and_distributions) {
  BackboneConfig base;
  apply_size(base);
  const Classifier model = make_classifier(base, InjectionConfig{}, HeadConfig{}, {4, 18, 88, 66}, 4, 1);
  auto expected = base_backbone();
  EXPECT_EQ(expected.size(), 217U - 4U);  // less two tables and the pooler's weight and bias
  const auto from = [](std::int64_t in) {
    return Initializer{Kind::kUniform, 1 / std::sqrt(static_cast<double>(in))};
  };
  expected.push_back({"attention.ws1.weight", {128, 768}, from(768)});
  expected.push_back({"attention.ws2.weight", {4, 128}, from(128)});
  expect_linear(expected, "classifier.0", 256, 3072);
  expect_linear(expected, "classifier.2", 4, 256);
  expect_parameters(model.parameters, expected);
  // midibert.md 3.4: the whole of the model with its sequence head, less what is never used.
  EXPECT_EQ(model.parameters.count(), 111'986'692 - 23'440'896 - 393'216 - 590'592);
}

TEST(Initialisation, token_head_has_the_published_names_shapes_and_distributions) {
  ParameterSet parameters(1, torch::kFloat32);
  make_token_head(parameters, HeadConfig{}, 768, 4);
  std::vector<Expected> expected;
  expect_linear(expected, "classifier.1", 256, 768);
  expect_linear(expected, "classifier.3", 4, 256);
  expect_parameters(parameters, expected);
}

TEST(Initialisation, masked_lm_head_has_the_published_names_shapes_and_distributions) {
  ParameterSet parameters(1, torch::kFloat32);
  make_masked_lm_head(parameters, 768, {4, 18, 88, 66});
  std::vector<Expected> expected;
  expect_linear(expected, "mask_lm.proj.0", 4, 768);
  expect_linear(expected, "mask_lm.proj.1", 18, 768);
  expect_linear(expected, "mask_lm.proj.2", 88, 768);
  expect_linear(expected, "mask_lm.proj.3", 66, 768);
  expect_parameters(parameters, expected);
  EXPECT_EQ(parameters.count(), 135'344);
}

}  // namespace
}  // namespace mofi
