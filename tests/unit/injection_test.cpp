#include "model/injection.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "model/classifier.h"

namespace mofi {
namespace {

using torch::Tensor;

const std::vector<int> kColumnSizes = {4, 18, 88, 66};

BackboneConfig small_backbone() {
  BackboneConfig config;
  config.layers = 2;
  config.hidden = 8;
  config.heads = 2;
  config.intermediate = 12;
  config.embedding_width = 4;
  config.max_position = 16;
  return config;
}

Classifier make(const InjectionConfig& injection) {
  return make_classifier(small_backbone(), injection, HeadConfig{}, kColumnSizes, 4, 1);
}

ModelInput input_for(const InjectionConfig& injection) {
  torch::manual_seed(3);
  std::vector<Tensor> columns;
  for (const int size : kColumnSizes) columns.push_back(torch::randint(size, {18}));
  return {torch::stack(columns, 1), regular_sequences(2, 9), Tensor(),
          injection.condition == "none" ? Tensor() : torch::randn({2, condition_width(injection, 4)})};
}

std::vector<InjectionConfig> every_way() {
  std::vector<InjectionConfig> ways;
  for (const char* by : {"film", "add", "concatenate", "late"})
    for (const int hidden : {0, 6}) {
      ways.push_back({.condition = "key", .site = 1, .by = by, .film_hidden = hidden});
      ways.push_back({.condition = "mode", .together = "all", .by = by, .film_hidden = hidden});
      ways.push_back({.condition = "mode", .before_norm = true, .by = by, .film_hidden = hidden});
    }
  return ways;
}

std::string name_of(const InjectionConfig& way) { return config_to_json(way).dump(); }

TEST(Injection, of_every_kind_starts_as_the_identity_and_learns) {
  const Tensor plain = forward(make({}), input_for({}), Padding::kMasked, false);
  for (const InjectionConfig& way : every_way()) {
    const Classifier model = make(way);
    const ModelInput input = input_for(way);
    const Tensor logits = forward(model, input, Padding::kMasked, false);
    EXPECT_TRUE(torch::allclose(logits, plain, 0, 1e-6)) << name_of(way);
    EXPECT_THAT(distances_from_identity(model.injection, input.condition_SK), testing::Each(0))
        << name_of(way);

    logits.square().sum().backward();
    for (const NamedTensor& entry : model.parameters.all()) {
      if (!entry.name.starts_with(kInjectionPrefix)) continue;
      ASSERT_TRUE(entry.tensor.grad().defined()) << entry.name << name_of(way);
      const torch::NoGradGuard no_grad;
      entry.tensor.add_(torch::randn_like(entry.tensor));
    }
    EXPECT_THAT(distances_from_identity(model.injection, input.condition_SK),
                testing::Each(testing::Gt(0.1)));
    EXPECT_FALSE(torch::allclose(forward(model, input, Padding::kMasked, false), plain, 0, 1e-3))
        << name_of(way);
  }
}

TEST(Injection, computes_what_its_kind_says) {
  torch::manual_seed(4);
  const Tensor hidden = torch::randn({5, 8}), condition = torch::randn({2, 3});
  Sequences sequences;
  sequences.add(2);
  sequences.add(3);
  for (const char* by : {"film", "add", "concatenate"}) {
    ParameterSet parameters(1, torch::kFloat32);
    const Injection injection = make_injection(
        parameters, {.condition = "mode_confidence", .by = by, .film_hidden = 0}, small_backbone(), 4);
    const SiteInjection& site = *injection.at(0);
    const torch::NoGradGuard no_grad;
    for (const NamedTensor& entry : parameters.all()) entry.tensor.normal_();
    const Tensor changed = inject(injection, site, hidden, sequences, condition);
    for (int word = 0; word < 5; ++word) {
      const Tensor told =
          torch::mv(site.network[0].weight, condition[word < 2 ? 0 : 1]) + site.network[0].bias;
      const Tensor x = hidden[word];
      const Tensor expected = std::string(by) == "film"  ? x * (1 + told.slice(0, 0, 8)) + told.slice(0, 8)
                              : std::string(by) == "add" ? x + told
                                                         : torch::mv(site.mixing_HH, x) + told;
      EXPECT_TRUE(torch::allclose(changed[word], expected, 1e-5, 1e-5)) << by;
    }
  }
}

TEST(Injection, before_the_norm_acts_on_the_sum_of_embeddings_and_not_after_the_norm) {
  const Classifier model = make({.condition = "mode", .before_norm = true, .by = "add", .film_hidden = 0});
  const ModelInput input = input_for({.condition = "mode"});
  {
    const torch::NoGradGuard no_grad;
    model.parameters.get("injection.before_norm.add.0.bias")
        .fill_(3);  // equal in all units: a norm removes it
  }
  EXPECT_TRUE(torch::allclose(forward(model, input, Padding::kMasked, false),
                              forward(make({}), input, Padding::kMasked, false), 1e-4, 1e-5));
}

TEST(Injection, at_several_sites_has_networks_of_their_own) {
  const Classifier model = make({.condition = "mode", .together = "0+2"});
  EXPECT_EQ(model.injection.sites.size(), 2U);
  EXPECT_NE(model.injection.at(0), nullptr);
  EXPECT_EQ(model.injection.at(1), nullptr);
  EXPECT_NE(model.injection.at(2), nullptr);
  EXPECT_EQ(make({.condition = "mode", .together = "all"}).injection.sites.size(), 3U);
}

TEST(Injection, refuses_sites_that_the_model_does_not_have_and_lists_that_are_none) {
  const auto refusal = [](const InjectionConfig& injection) -> std::string {
    try {
      make(injection);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      return error.what();
    }
    return "not refused";
  };
  EXPECT_EQ(refusal({.condition = "mode", .site = 3}),
            "injection.site is 3; a model of 2 layers has sites 0 to 2");
  EXPECT_EQ(refusal({.condition = "mode", .together = "0+3"}),
            "injection.together is 0+3; a model of 2 layers has sites 0 to 2");
  for (const char* wrong : {"0+", "+1", "a", "0,1", "-1", "everywhere"})
    EXPECT_THAT(refusal({.condition = "mode", .together = wrong}),
                testing::HasSubstr("expected all, or sites like 0+6"))
        << wrong;
  EXPECT_THAT(refusal({.condition = "mode", .together = "1+1"}), testing::HasSubstr("names a site twice"));
}

}  // namespace
}  // namespace mofi
