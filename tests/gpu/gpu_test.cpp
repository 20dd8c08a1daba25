// What needs a device: skipped, with the reason, where there is none.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "distributed/gpu_plugin.h"
#include "small_corpus.h"
#include "training/fine_tune.h"

namespace mofi {
namespace {

TEST(Gpu, a_stream_a_replayed_graph_and_nccl_at_one_rank_agree_with_plain_results) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  EXPECT_EQ(gpu_plugin()->self_check(), "");
}

TEST(Gpu, fine_tuning_agrees_with_the_cpu) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  config.model.hidden_dropout = config.model.attention_dropout = 0;
  const auto on = [&](torch::Device device) {
    return fine_tune(World::alone(), config, {&tokens, nullptr}, device).predictions.logits;
  };
  const auto cpu = on(torch::kCPU), gpu = on(torch::Device(torch::kCUDA, 0));
  ASSERT_EQ(cpu.size(), gpu.size());
  for (std::size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(cpu[i], gpu[i], 1e-3);
}

}  // namespace
}  // namespace mofi
