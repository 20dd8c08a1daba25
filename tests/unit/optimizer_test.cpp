#include "training/optimizer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "small_corpus.h"
#include "training/fine_tune.h"

namespace mofi {
namespace {

/// Both rules by their definition, one number at a time.
struct ScalarAdamW {
  AdamWRule rule;
  double decay, p, m = 0, v = 0;
  int t = 0;

  void step(double g, double rate) {
    ++t;
    m = rule.beta1 * m + (1 - rule.beta1) * g;
    v = rule.beta2 * v + (1 - rule.beta2) * g * g;
    const double c1 = 1 - std::pow(rule.beta1, t), c2 = 1 - std::pow(rule.beta2, t);
    if (rule.kind == AdamWRule::Kind::kTorch) {
      p -= rate * decay * p;
      p -= rate / c1 * m / (std::sqrt(v / c2) + rule.epsilon);
    } else {
      p -= rate * std::sqrt(c2) / c1 * m / (std::sqrt(v) + rule.epsilon);
      p -= rate * decay * p;
    }
  }
};

constexpr AdamWRule kTorchRule = {};
constexpr AdamWRule kHuggingFaceRule = {AdamWRule::Kind::kHuggingFace, 0.9, 0.999, 1e-6};

/// Gradients from far below epsilon to far above it.
double gradient_at(int element, int step) {
  return std::sin(1.7 * element + 0.9 * step) * std::pow(10.0, element % 9 - 7);
}

TEST(AdamW, hundreds_of_steps_equal_the_definition_of_both_rules) {
  // A few hundred elements, so that vectors and what is left over of them are both there.
  constexpr int kElements = 301, kSteps = 400;
  for (AdamWRule rule : {kTorchRule, kHuggingFaceRule, AdamWRule{AdamWRule::Kind::kTorch, 0.8, 0.95, 1e-3},
                         AdamWRule{AdamWRule::Kind::kHuggingFace, 0.5, 0.99, 1e-4}}) {
    for (const double decay : {0.0, 0.3}) {
      torch::Tensor exact = torch::linspace(-2, 2, kElements, torch::kFloat64).requires_grad_();
      torch::Tensor single = exact.detach().to(torch::kFloat32).requires_grad_();
      std::vector<ScalarAdamW> reference;
      for (int i = 0; i < kElements; ++i) reference.push_back({rule, decay, exact[i].item<double>()});
      AdamW optimizer({exact}, decay, rule), in_single({single}, decay, rule);
      for (int step = 0; step < kSteps; ++step) {
        const double rate = 1e-3 * (1 + step % 5);
        std::vector<double> gradient(kElements);
        for (int i = 0; i < kElements; ++i) {
          gradient[i] = gradient_at(i, step);
          reference[i].step(gradient[i], rate);
        }
        exact.mutable_grad() = torch::tensor(gradient, torch::kFloat64);
        single.mutable_grad() = exact.grad().to(torch::kFloat32);
        optimizer.step(rate);
        in_single.step(rate);
      }
      for (int i = 0; i < kElements; ++i) {
        EXPECT_NEAR(exact[i].item<double>(), reference[i].p, 1e-12 * std::max(1.0, std::abs(reference[i].p)));
        // 400 roundings of at most 2^-23 each, most of which cancel
        EXPECT_NEAR(single[i].item<double>(), reference[i].p, 2e-5) << i;
      }
    }
  }
}

TEST(AdamW, parameters_with_a_rate_of_their_own_take_the_steps_of_that_rate) {
  for (const AdamWRule& rule : {AdamWRule{}, kHuggingFaceRule})
    for (const bool told : {false, true}) {
      torch::manual_seed(1);
      const torch::Tensor start = torch::randn({20}), gradient = torch::randn({20});
      std::vector<torch::Tensor> p;
      for (int i = 0; i < 4; ++i) p.push_back(start.clone().requires_grad_());
      for (torch::Tensor& one : p) one.mutable_grad() = gradient;
      AdamW mixed({p[0], p[1]}, 0.1, rule, {1, 30}), plain({p[2]}, 0.1, rule), fast({p[3]}, 0.1, rule);
      for (int step = 0; step < 5; ++step) {
        if (told)
          mixed.take_told_step(mixed.tell_step(1e-3));
        else
          mixed.step(1e-3);
        plain.step(1e-3);
        fast.step(3e-2);
      }
      EXPECT_TRUE(torch::allclose(p[0], p[2], 0, 1e-7));
      EXPECT_TRUE(torch::allclose(p[1], p[3], 0, 1e-6));
      EXPECT_FALSE(torch::allclose(p[0], p[1], 0, 1e-3));
    }
}

TEST(AdamW, a_step_that_is_told_is_the_same_step) {
  for (const AdamWRule& rule : {AdamWRule{}, kHuggingFaceRule}) {
    torch::manual_seed(1);
    const torch::Tensor start = torch::randn({50}), gradient = torch::randn({50});
    torch::Tensor here = start.clone().requires_grad_(), there = start.clone().requires_grad_(),
                  unused = start.clone().requires_grad_();
    AdamW plain({here}, 0.05, rule), told({unused, there}, 0.05, rule);
    for (int step = 1; step <= 5; ++step) {
      here.mutable_grad() = gradient * step;
      there.mutable_grad() = gradient * step;
      plain.step(1e-2 / step);
      told.take_told_step(told.tell_step(1e-2 / step));
    }
    EXPECT_TRUE(torch::allclose(there, here, 1e-6, 1e-7));
    EXPECT_TRUE(torch::equal(unused, start));
    EXPECT_THAT(told.state().steps, testing::ElementsAre(0, 5));
  }
}

TEST(AdamW, torch_s_rule_equals_the_optimiser_of_libtorch) {
  torch::manual_seed(1);
  const torch::Tensor start = torch::randn({7, 3}), gradient = torch::randn({7, 3});
  torch::Tensor ours = start.clone().requires_grad_(), theirs = start.clone().requires_grad_();
  AdamW optimizer({ours}, 0.05);
  torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(1e-2).weight_decay(0.05));
  for (int step = 1; step <= 5; ++step) {
    ours.mutable_grad() = gradient * step;
    theirs.mutable_grad() = gradient * step;
    optimizer.step(1e-2);
    reference.step();
  }
  EXPECT_TRUE(torch::allclose(ours, theirs, 1e-6, 1e-7));
}

TEST(AdamW, huggingface_s_first_step_is_the_published_number_to_the_last_bit) {
  // midibert.md section 4: every digit of it holds in float64.
  for (const auto type : {torch::kFloat64, torch::kFloat32}) {
    torch::Tensor p = torch::full({1}, -0.03443544413495617, type).requires_grad_();
    p.mutable_grad() = torch::full({1}, 0.0004231517951161514, type);
    AdamW({p}, 0.01, kHuggingFaceRule).step(2e-5);
    const double expected = -0.034454046542968755;
    if (type == torch::kFloat64)
      EXPECT_DOUBLE_EQ(p.item<double>(), expected);
    else
      EXPECT_FLOAT_EQ(p.item<float>(), static_cast<float>(expected));
  }
}

TEST(AdamW, in_float32_the_decay_of_a_small_rate_is_not_rounded_away) {
  // rate · decay = 2e-7 is 1.7 steps of float32 below 1: as a rounded factor it would be 12 % off.
  torch::manual_seed(4);
  const torch::Tensor start = torch::randn({100000});
  torch::Tensor p = start.clone().requires_grad_();
  AdamW optimizer({p}, 0.01, kHuggingFaceRule);
  for (int step = 0; step < 50; ++step) {
    p.mutable_grad() = torch::zeros_like(p);
    optimizer.step(2e-5);
  }
  const double share =
      1 - (p.detach().to(torch::kFloat64).abs().sum() / start.to(torch::kFloat64).abs().sum()).item<double>();
  EXPECT_NEAR(share / (50 * 2e-7), 1, 0.01);
}

TEST(AdamW, parameters_without_a_gradient_are_left_alone_and_count_no_step) {
  for (const AdamWRule& rule : {kTorchRule, kHuggingFaceRule}) {
    torch::Tensor always = torch::full({3}, 0.5, torch::kFloat64).requires_grad_(),
                  late = torch::full({2}, -0.5, torch::kFloat64).requires_grad_(),
                  never = torch::full({2}, 7.0, torch::kFloat64).requires_grad_();
    ScalarAdamW first{rule, 0.1, 0.5}, second{rule, 0.1, -0.5};
    AdamW optimizer({always, late, never}, 0.1, rule);
    optimizer.step(1e-2);  // nothing has a gradient
    optimizer.zero_gradients();
    EXPECT_EQ(optimizer.clip(1).item<double>(), 0);
    for (int step = 0; step < 6; ++step) {
      always.mutable_grad() = torch::full({3}, 0.3, torch::kFloat64);
      first.step(0.3, 1e-2);
      if (step >= 4) {
        late.mutable_grad() = torch::full({2}, -0.01, torch::kFloat64);
        second.step(-0.01, 1e-2);
      }
      optimizer.step(1e-2);
    }
    EXPECT_NEAR(always[2].item<double>(), first.p, 1e-13);
    EXPECT_NEAR(late[1].item<double>(), second.p, 1e-13);
    EXPECT_TRUE(torch::equal(never, torch::full({2}, 7.0, torch::kFloat64)));
  }
}

TEST(AdamW, each_optimiser_has_the_epsilon_its_users_expect_unless_one_is_set) {
  const auto rule_of = [](const std::string& yaml) {
    return adamw_rule(read_config<TrainingConfig>(parse_config(yaml, "t.yaml")));
  };
  EXPECT_EQ(rule_of("epochs: 1").epsilon, 1e-8);
  EXPECT_EQ(rule_of("optimizer: adamw").kind, AdamWRule::Kind::kTorch);
  EXPECT_EQ(rule_of("optimizer: adamw_hf").epsilon, 1e-6);
  EXPECT_EQ(rule_of("optimizer: adamw_hf").kind, AdamWRule::Kind::kHuggingFace);
  EXPECT_EQ(rule_of("{epsilon: 1e-4, optimizer: adamw_hf}").epsilon, 1e-4);
  EXPECT_EQ(rule_of("{beta1: 0.5, beta2: 0.75}").beta2, 0.75);
  EXPECT_THROW(rule_of("optimizer: sgd"), Error);
  EXPECT_THROW(rule_of("epsilon: 0"), Error);
  EXPECT_THROW(rule_of("beta2: 1"), Error);
}

TEST(AdamW, clipping_equals_that_of_libtorch_below_at_and_above_the_bound) {
  torch::manual_seed(2);
  const torch::Tensor a = torch::randn({4, 5}), b = torch::randn({3});
  const double norm = torch::cat({a.flatten(), b}).norm().item<double>();
  for (const double largest : {norm * 0.3, norm - 1e-7, norm, norm + 1e-7, norm * 3}) {
    std::vector<torch::Tensor> ours = {torch::zeros({4, 5}).requires_grad_(),
                                       torch::zeros({3}).requires_grad_()},
                               theirs = {torch::zeros({4, 5}).requires_grad_(),
                                         torch::zeros({3}).requires_grad_()};
    for (auto* set : {&ours, &theirs}) {
      (*set)[0].mutable_grad() = a.clone();
      (*set)[1].mutable_grad() = b.clone();
    }
    EXPECT_NEAR(AdamW(ours, 0).clip(largest).item<double>(),
                torch::nn::utils::clip_grad_norm_(theirs, largest), 1e-6);
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_TRUE(torch::allclose(ours[i].grad(), theirs[i].grad(), 1e-6, 0)) << largest / norm;
  }
}

TEST(AdamW, clipping_keeps_the_direction_and_bounds_the_joint_norm) {
  torch::Tensor a = torch::zeros({2}).requires_grad_(), b = torch::zeros({1}).requires_grad_();
  a.mutable_grad() = torch::tensor({3.0F, 0.0F});
  b.mutable_grad() = torch::tensor({4.0F});
  AdamW optimizer({a, b}, 0);
  EXPECT_NEAR(optimizer.clip(10).item<double>(), 5, 1e-6);
  EXPECT_NEAR(a.grad()[0].item<double>(), 3, 1e-6);
  EXPECT_NEAR(optimizer.clip(1).item<double>(), 5, 1e-6);
  EXPECT_NEAR(a.grad()[0].item<double>(), 0.6, 1e-5);
  EXPECT_NEAR(b.grad()[0].item<double>(), 0.8, 1e-5);
}

TEST(Schedule, rises_linearly_then_falls_along_a_line_or_a_cosine_to_zero_or_stays) {
  TrainingConfig config;
  config.learning_rate = 1;
  config.warmup = 0.1;
  EXPECT_NEAR(learning_rate_at(config, 0, 100), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 9, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 55, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 99, 100), 1.0 / 90, 1e-12);
  config.schedule = "cosine";
  EXPECT_NEAR(learning_rate_at(config, 4, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 9, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 10, 100), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 40, 100), 0.75, 1e-12);  // a third of the way: (1 + cos 60°) / 2
  EXPECT_NEAR(learning_rate_at(config, 55, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 99, 100), 0.5 * (1 + std::cos(3.14159265358979 * 89 / 90)), 1e-12);
  config.schedule = "constant";
  EXPECT_EQ(learning_rate_at(config, 99, 100), 1.0);
}

TEST(Schedule, without_warm_up_starts_at_the_peak_and_with_nothing_but_warm_up_ends_there) {
  TrainingConfig config;
  config.learning_rate = 1;
  for (const char* schedule : {"linear", "cosine", "constant"}) {
    config.schedule = schedule;
    config.warmup = 0;
    EXPECT_EQ(learning_rate_at(config, 0, 10), 1.0) << schedule;
    EXPECT_EQ(learning_rate_at(config, 0, 1), 1.0) << schedule;
    config.warmup = 1;
    EXPECT_NEAR(learning_rate_at(config, 0, 10), 0.1, 1e-12) << schedule;
    EXPECT_EQ(learning_rate_at(config, 9, 10), 1.0) << schedule;
  }
}

TEST(FineTune, the_same_seed_gives_the_same_bits_and_another_seed_others) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  const auto logits = [&] {
    return fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU).predictions.logits;
  };
  const auto first = logits();
  EXPECT_EQ(first, logits());
  config.seed = 2;
  EXPECT_NE(first, logits());
}

TEST(FineTune, the_optimiser_of_the_config_is_the_one_that_steps) {
  const TokenTable tokens = small_corpus(24);
  const auto weight_of = [&](const auto& change) {
    RunConfig config = small_run();
    config.training.epochs = 1;
    change(config.training);
    return fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU)
        .model.parameters.get("midibert.in_linear.weight");
  };
  const torch::Tensor usual = weight_of([](TrainingConfig&) {});
  const auto changes = [&](const auto& change) { return !torch::equal(weight_of(change), usual); };
  EXPECT_FALSE(changes([](TrainingConfig&) {}));
  EXPECT_TRUE(changes([](TrainingConfig& c) { c.optimizer = "adamw_hf"; }));
  EXPECT_TRUE(changes([](TrainingConfig& c) { c.beta1 = 0.8; }));
  EXPECT_TRUE(changes([](TrainingConfig& c) { c.beta2 = 0.99; }));
  EXPECT_TRUE(changes([](TrainingConfig& c) { c.epsilon = 1e-4; }));
  EXPECT_TRUE(changes([](TrainingConfig& c) { c.schedule = "cosine"; }));
}

TEST(FineTune, learns_what_it_is_told_by_the_injection_alone) {
  // Labels that equal the mode; words that say nothing of it.
  TokenTable tokens = small_corpus(64);
  const ModeTable modes = small_modes(tokens);
  for (std::size_t p = 0; p < tokens.pieces.size(); ++p) tokens.pieces[p].label = modes.pieces[p].mode;
  RunConfig config = small_run();
  config.injection.condition = "mode";
  config.training.epochs = 40;
  config.training.learning_rate = 5e-3;
  const RunOutcome told = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
  EXPECT_GT(told.metrics["test"]["accuracy"].get<double>(), 0.9);
  config.injection.condition = "constant";
  const RunOutcome untold = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
  EXPECT_LT(untold.metrics["test"]["accuracy"].get<double>(), 0.85);
}

TEST(FineTune, a_loss_that_is_no_longer_finite_ends_the_run_with_its_step) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  config.training.learning_rate = 10;
  config.training.weight_decay = 10;
  config.training.clip_norm = 0;
  config.training.epochs = 200;
  try {
    fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kInternal);
    EXPECT_THAT(error.what(), testing::HasSubstr("no longer finite at step"));
  }
}

TEST(Evaluate, every_row_is_scored_once_whatever_the_batch_and_the_order) {
  const TokenTable tokens = small_corpus(70);
  RunConfig config = small_run();
  const Dataset dataset = make_dataset(tokens, nullptr, config);
  const Classifier model =
      make_classifier(config.model, config.injection, config.head, {4, 18, 88, 66}, 4, 1);
  auto rows = dataset.rows_in({"train", "valid", "test"});
  const torch::Tensor together =
      score_rows(World::alone(), model, dataset, rows, Padding::kMasked, torch::kCPU);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<std::size_t> one = {rows[r]};
    const torch::Tensor alone =
        score_rows(World::alone(), model, dataset, one, Padding::kMasked, torch::kCPU);
    EXPECT_TRUE(torch::allclose(alone[0], together[static_cast<std::int64_t>(r)], 1e-4, 1e-5)) << r;
  }
  const Predictions predictions = make_predictions(dataset, rows, together);
  EXPECT_EQ(predictions.rows(), 70U);
}

}  // namespace
}  // namespace mofi
