#include "model/classifier.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "model/relative_attention.h"

namespace mofi {
namespace {

using torch::Tensor;

const std::vector<int> kColumnSizes = {4, 18, 88, 66};

BackboneConfig small_backbone() {
  BackboneConfig config;
  config.layers = 3;
  config.hidden = 16;
  config.heads = 2;
  config.intermediate = 20;
  config.embedding_width = 8;
  config.max_position = 12;
  return config;
}

Classifier make(const std::string& condition, int site = 0, std::uint64_t seed = 1) {
  InjectionConfig injection;
  injection.condition = condition;
  injection.site = site;
  return make_classifier(small_backbone(), injection, HeadConfig{}, kColumnSizes, 4, seed);
}

ModelInput some_input() {
  torch::manual_seed(3);
  std::vector<Tensor> columns;
  for (const int size : kColumnSizes) columns.push_back(torch::randint(size, {2, 9}));
  Tensor mask = torch::ones({2, 9});
  mask[1].slice(0, 6).fill_(0);
  return {torch::stack(columns, 2).flatten(0, 1), regular_sequences(2, 9), mask.flatten(),
          torch::tensor({{1.0F, 0.0F}, {0.0F, 1.0F}})};
}

TEST(Classifier, condition_none_is_bitwise_plain_midibert) {
  const Classifier model = make("none");
  const ModelInput input = some_input();
  EXPECT_TRUE(model.injection.sites.empty());
  ParameterSet plain_parameters(1, torch::kFloat32);
  const MidiBert plain = make_midibert(plain_parameters, small_backbone(), kColumnSizes, "midibert.");
  const Tensor expected =
      classify(model.head, encode(plain, input.words_NC, input.sequences, input.mask_N, false).back(),
               input.sequences, input.mask_N);
  EXPECT_TRUE(torch::equal(forward(model, input, Padding::kMasked, false), expected));
}

TEST(Classifier, a_fresh_injection_changes_nothing_at_any_site) {
  const ModelInput input = some_input();
  const Tensor plain = forward(make("none"), input, Padding::kMasked, false);
  for (int site = 0; site <= 3; ++site)
    EXPECT_TRUE(torch::equal(forward(make("mode", site), input, Padding::kMasked, false), plain))
        << "site " << site;
}

TEST(Classifier, models_that_differ_in_the_injection_share_all_other_initial_weights) {
  const Classifier plain = make("none"), injected = make("constant", 2);
  for (const NamedTensor& entry : plain.parameters.all())
    EXPECT_TRUE(torch::equal(entry.tensor, injected.parameters.get(entry.name))) << entry.name;
  EXPECT_FALSE(torch::equal(plain.parameters.get("midibert.in_linear.weight"),
                            make("none", 0, 2).parameters.get("midibert.in_linear.weight")));
}

TEST(Classifier, a_trained_injection_acts_from_its_site_on_and_only_by_its_condition) {
  for (int site = 0; site <= 3; ++site) {
    Classifier model = make("mode", site);
    {
      const torch::NoGradGuard no_grad;
      for (const Linear& layer : model.injection.sites[0].network) layer.weight.normal_(0, 1);
    }
    ModelInput input = some_input();
    const SiteHook hook = [&](int at, const Tensor& hidden) {
      return at == site ? inject(model.injection, model.injection.sites[0], hidden, input.sequences,
                                 input.condition_SK)
                        : hidden;
    };
    const auto told = encode(model.backbone, input.words_NC, input.sequences, input.mask_N, false, hook);
    const auto plain = encode(model.backbone, input.words_NC, input.sequences, input.mask_N, false);
    for (int state = 0; state <= 3; ++state)
      EXPECT_EQ(torch::equal(told[state], plain[state]), state < site) << site << ", " << state;
    const Tensor first = forward(model, input, Padding::kMasked, false);
    input.condition_SK = input.condition_SK.flip(1);
    EXPECT_FALSE(torch::allclose(forward(model, input, Padding::kMasked, false), first)) << "site " << site;
  }
}

TEST(Classifier, masked_padding_does_not_matter_and_attended_padding_does) {
  const Classifier model = make("none");
  const ModelInput input = some_input();
  ModelInput longer = input;
  longer.words_NC = torch::constant_pad_nd(input.words_NC.view({2, 9, 4}), {0, 0, 0, 3}, 2).flatten(0, 1);
  longer.sequences = regular_sequences(2, 12);
  longer.mask_N = torch::constant_pad_nd(input.mask_N.view({2, 9}), {0, 3}, 0).flatten();
  EXPECT_TRUE(torch::allclose(forward(model, input, Padding::kMasked, false),
                              forward(model, longer, Padding::kMasked, false), 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(forward(model, input, Padding::kAttended, false),
                               forward(model, longer, Padding::kAttended, false), 1e-5, 1e-6));
}

TEST(Classifier, rows_without_their_padding_give_what_masked_rows_give) {
  const Classifier model = make("mode", 1);
  {
    const torch::NoGradGuard no_grad;
    for (const Linear& layer : model.injection.sites[0].network) layer.weight.normal_(0, 1);
  }
  const ModelInput padded = some_input();
  ModelInput packed = padded;
  packed.words_NC = torch::cat({padded.words_NC.slice(0, 0, 9 + 6), torch::zeros({5, 4}, torch::kInt64)});
  packed.sequences.starts = {0, 9, 15};
  packed.mask_N = Tensor();
  const auto with_gradients = [&](const ModelInput& input) {
    std::vector<Tensor> found = {forward(model, input, Padding::kMasked, false)}, leaves;
    for (const NamedTensor& entry : model.parameters.all()) leaves.push_back(entry.tensor);
    const auto gradients = torch::autograd::grad({found[0].square().sum()}, leaves);
    found.insert(found.end(), gradients.begin(), gradients.end());
    return found;
  };
  const auto found = with_gradients(packed), expected = with_gradients(padded);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(torch::allclose(found[i], expected[i], 1e-4, 1e-5))
        << (i == 0 ? "logits" : model.parameters.all()[i - 1].name);
}

TEST(SequenceHead, pools_alike_where_only_the_device_knows_lengths) {
  torch::manual_seed(3);
  ParameterSet parameters(1, torch::kFloat32);
  const SequenceHead head = make_sequence_head(parameters, {}, 6, 4);
  Sequences known;
  for (const std::int64_t length : {5, 1, 9}) known.add(length);
  Sequences unknown;  // the same, one without words, and rows of none
  unknown.longest_there = 16;
  unknown.device_starts = torch::tensor({0, 5, 6, 15, 15});
  unknown.device_sequences = torch::tensor({0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3});
  const Tensor hidden = torch::randn({17, 6}).requires_grad_(), mask = torch::ones({17});
  mask.slice(0, 15).zero_();
  const auto with_gradient = [&](const Sequences& sequences, const Tensor& pooled) {
    const Tensor logits = classify(head, hidden, sequences, pooled).slice(0, 0, 3);
    return std::pair(logits, torch::autograd::grad({logits.square().sum()}, {hidden})[0]);
  };
  const auto expected = with_gradient(known, {}), found = with_gradient(unknown, mask);
  EXPECT_TRUE(torch::allclose(found.first, expected.first, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(found.second, expected.second, 1e-5, 1e-6));
}

TEST(Sequences, are_regular_where_all_have_one_length_and_no_row_is_left_over) {
  EXPECT_TRUE(regular_sequences(3, 5).are_regular(15));
  EXPECT_FALSE(regular_sequences(3, 5).are_regular(16));
  EXPECT_FALSE((Sequences{{0, 40, 60}}).are_regular(80)) << "rows left over are no words of the shorter";
  EXPECT_FALSE((Sequences{{0, 2, 6}}).are_regular(6));
  EXPECT_FALSE(Sequences{}.are_regular(0));
}

TEST(Classifier, bfloat16_products_move_logits_and_gradients_by_their_rounding_and_no_more) {
  BackboneConfig config = small_backbone();
  config.hidden = 64;
  config.intermediate = 128;
  InjectionConfig injection;
  injection.condition = "mode";
  injection.site = 1;
  const ModelInput input = some_input();
  const auto with_gradients = [&](const std::string& precision) {
    config.precision = precision;
    const Classifier model = make_classifier(config, injection, HeadConfig{}, kColumnSizes, 4, 1);
    std::vector<Tensor> leaves;
    for (const NamedTensor& entry : model.parameters.all()) leaves.push_back(entry.tensor);
    const Tensor logits = forward(model, input, Padding::kMasked, false);
    auto found = torch::autograd::grad({torch::cross_entropy_loss(logits, torch::tensor({0, 1}))}, leaves);
    found.push_back(logits.detach());
    return found;
  };
  const auto exact = with_gradients("float32"), rounded = with_gradients("bfloat16");
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(rounded[i].scalar_type(), torch::kFloat32);
    const double difference = (rounded[i] - exact[i]).norm().item<double>(),
                 size = exact[i].norm().item<double>();
    EXPECT_LE(difference, 0.05 * size + 1e-6) << i;
  }
  EXPECT_FALSE(torch::equal(rounded.back(), exact.back()));
}

TEST(MidiBert, with_causal_attention_no_state_depends_on_later_words) {
  const auto changed_from = [](Tensor words_NC, std::int64_t first) {
    words_NC = words_NC.clone();
    words_NC.slice(0, first, 9).copy_((words_NC.slice(0, first, 9) + 1).remainder(4));
    return words_NC;
  };
  const ModelInput input = some_input();
  for (const char* precision : {"float32", "bfloat16"})
    for (const torch::Dtype type : {torch::kFloat32, torch::kFloat64}) {
      BackboneConfig config = small_backbone();
      config.precision = precision;
      if (type == torch::kFloat64 && config.precision == "bfloat16") continue;
      for (const char* attention : {"causal", "bidirectional"}) {
        config.attention = attention;
        const Classifier model = make_classifier(config, {}, HeadConfig{}, kColumnSizes, 4, 1, type);
        const auto states_of = [&](const Tensor& words_NC) {
          return encode(model.backbone, words_NC, input.sequences, {}, false);
        };
        const auto states = states_of(input.words_NC);
        for (const std::int64_t first : {1, 4, 8}) {
          const auto later = states_of(changed_from(input.words_NC, first));
          for (std::size_t k = 1; k < states.size(); ++k) {
            EXPECT_EQ(torch::equal(states[k].slice(0, 0, first), later[k].slice(0, 0, first)),
                      config.attention == "causal")
                << attention << " " << precision << ", state " << k << ", from word " << first;
            EXPECT_FALSE(torch::equal(states[k][8], later[k][8]));
          }
        }
      }
    }
}

TEST(Classifier, a_site_beyond_the_last_layer_is_refused) { EXPECT_THROW(make("mode", 4), Error); }

TEST(MidiBert, a_row_longer_than_the_relative_table_is_refused) {
  const Classifier model = make("none");
  EXPECT_THROW(
      encode(model.backbone, torch::zeros({13, 4}, torch::kInt64), regular_sequences(1, 13), {}, false),
      Error);
}

TEST(MidiBert, base_size_has_the_published_number_of_used_parameters) {
  // midibert.md 3.4: 111,100,160, less the tables and the pooler that the reference never uses (24,424,704).
  BackboneConfig base;
  apply_size(base);
  ParameterSet parameters(1, torch::kFloat32);
  make_midibert(parameters, base, kColumnSizes, "");
  EXPECT_EQ(parameters.count(), 111'100'160 - 23'440'896 - 393'216 - 590'592);
}

TEST(MidiBert, parameters_have_the_names_of_the_published_checkpoints) {
  const Classifier model = make("mode", 1);
  for (const char* name :
       {"midibert.bert.embeddings.token_type_embeddings.weight", "midibert.bert.embeddings.LayerNorm.bias",
        "midibert.bert.encoder.layer.2.attention.self.distance_embedding.weight",
        "midibert.bert.encoder.layer.0.attention.output.LayerNorm.weight",
        "midibert.bert.encoder.layer.1.intermediate.dense.bias", "midibert.word_emb.3.lut.weight",
        "midibert.in_linear.bias", "attention.ws2.weight", "classifier.2.bias", "injection.1.film.1.weight"})
    EXPECT_NO_THROW(model.parameters.get(name)) << name;
}

TEST(RelativeAttention, scores_and_gradients_equal_the_definition) {
  torch::manual_seed(5);
  const auto options = torch::TensorOptions(torch::kFloat64);
  const std::int64_t length = 7, width = 4, max_position = 10;
  const auto make_leaf = [&](torch::IntArrayRef shape) {
    return torch::randn(shape, options).requires_grad_();
  };
  const Tensor query = make_leaf({2, 3, length, width}), key = make_leaf({2, 3, length, width}),
               distance = make_leaf({2 * max_position - 1, width});

  // The definition, with the L × L × d tensor written out.
  const Tensor l = torch::arange(length).unsqueeze(1), r = torch::arange(length).unsqueeze(0);
  const Tensor e_LLD = distance.index({l - r + max_position - 1});
  const Tensor expected =
      (query.matmul(key.transpose(2, 3)) + torch::einsum("bnld,lrd->bnlr", {query, e_LLD}) +
       torch::einsum("bnrd,lrd->bnlr", {key, e_LLD})) /
      2.0;
  const Tensor scores = relative_scores(query, key, distance);
  EXPECT_TRUE(torch::allclose(scores, expected, 1e-12, 1e-13));

  const Tensor weight = torch::randn(scores.sizes(), options);
  const auto got = torch::autograd::grad({(scores * weight).sum()}, {query, key, distance});
  const auto wanted = torch::autograd::grad({(expected * weight).sum()}, {query, key, distance});
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(torch::allclose(got[i], wanted[i], 1e-11, 1e-12)) << i;
}

}  // namespace
}  // namespace mofi
