// The optimiser and the heads of single words on a device: skipped, with the reason, where there is none.

#include "training/optimizer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "distributed/gpu_plugin.h"
#include "model/masked_lm.h"
#include "model/token_head.h"

namespace mofi {
namespace {

using torch::Tensor;

/// Parameters after 30 clipped steps on a device; the second has no gradient in the first ten.
std::vector<Tensor> stepped(const AdamWRule& rule, torch::Device device) {
  torch::manual_seed(9);
  std::vector<Tensor> parameters;
  for (const std::int64_t size : {1000, 7})
    parameters.push_back(torch::randn({size}, torch::kFloat64).to(device).requires_grad_());
  AdamW optimizer(parameters, 0.1, rule);
  for (int step = 0; step < 30; ++step) {
    const Tensor first = torch::randn({1000}, torch::kFloat64), second = torch::randn({7}, torch::kFloat64);
    parameters[0].mutable_grad() = first.to(device);
    if (step >= 10) parameters[1].mutable_grad() = second.to(device);
    optimizer.clip(3);
    optimizer.step(1e-2);
    optimizer.zero_gradients();
  }
  for (Tensor& parameter : parameters) parameter = parameter.detach().cpu();
  return parameters;
}

TEST(GpuAdamW, both_rules_step_as_on_the_cpu) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  for (const AdamWRule& rule : {AdamWRule{}, AdamWRule{AdamWRule::Kind::kHuggingFace, 0.9, 0.999, 1e-6}}) {
    const auto cpu = stepped(rule, torch::kCPU), gpu = stepped(rule, torch::Device(torch::kCUDA, 0));
    for (std::size_t i = 0; i < cpu.size(); ++i)
      EXPECT_TRUE(torch::allclose(gpu[i], cpu[i], 1e-10, 1e-12)) << i;
  }
}

TEST(GpuHeads, losses_of_single_words_are_those_of_the_cpu) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  torch::manual_seed(9);
  const Tensor hidden = torch::randn({2, 6, 16}, torch::kFloat64), positions = torch::tensor({0, 4, 11}),
               targets = torch::tensor({{1, 7}, {3, 0}, {0, 2}});
  const auto losses_on = [&](torch::Device device) {
    ParameterSet parameters(1, torch::TensorOptions(torch::kFloat64).device(device));
    const MaskedLmHead words = make_masked_lm_head(parameters, 16, {4, 8});
    const TokenHead tokens = make_token_head(parameters, HeadConfig{}, 16, 4);
    const MaskedLmScores masked =
        score_masked_words(words, hidden.to(device), positions.to(device), targets.to(device));
    const WordScores labelled =
        score_words(classify_tokens(tokens, words_at(hidden.to(device), positions.to(device)), false),
                    targets.select(1, 0).to(device));
    return torch::stack({masked.loss_sum, labelled.loss_sum}).cpu();
  };
  EXPECT_TRUE(torch::allclose(losses_on(torch::Device(torch::kCUDA, 0)), losses_on(torch::kCPU), 1e-12, 0));
}

}  // namespace
}  // namespace mofi
