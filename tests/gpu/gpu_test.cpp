// What needs a device: skipped, with the reason, where there is none.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "distributed/gpu_plugin.h"
#include "small_corpus.h"
#include "training/fine_tune.h"
#include "training/model_input.h"

namespace mofi {
namespace {

TEST(Gpu, a_stream_a_replayed_graph_and_nccl_at_one_rank_agree_with_plain_results) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  EXPECT_EQ(gpu_plugin()->self_check(), "");
}

/// Logits of some rows, and all gradients, on a device, as float64 on the CPU.
std::vector<torch::Tensor> computed_on(torch::Device device, const std::string& precision, Padding padding) {
  const TokenTable tokens = small_corpus(24);
  const ModeTable modes = small_modes(tokens);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  config.model.precision = precision;
  const Dataset dataset = make_dataset(tokens, &modes, config);
  const Classifier model =
      make_classifier(config.model, config.injection, config.head, column_sizes(tokens.scheme),
                      dataset.classes, 1, torch::TensorOptions(torch::kFloat32).device(device));
  const std::vector<std::size_t> rows = {0, 1, 2, 3, 4};
  const torch::Tensor logits = forward(model, make_input(dataset, rows, {}, padding, device), padding, false);
  torch::cross_entropy_loss(logits, torch::tensor({0, 1, 2, 3, 0}).to(device)).backward();
  std::vector<torch::Tensor> found = {logits.detach().to(torch::kCPU, torch::kFloat64)};
  for (const NamedTensor& entry : model.parameters.all())
    found.push_back(entry.tensor.grad().to(torch::kCPU, torch::kFloat64));
  return found;
}

TEST(Gpu, logits_and_gradients_agree_with_the_cpu_s_own_kernels_in_either_precision) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  for (const Padding padding : {Padding::kMasked, Padding::kPooled, Padding::kAttended})
    for (const char* precision : {"float32", "bfloat16"}) {
      const auto cpu = computed_on(torch::kCPU, precision, padding),
                 gpu = computed_on(torch::Device(torch::kCUDA, 0), precision, padding);
      const double bound = std::string(precision) == "float32" ? 1e-3 : 0.05;
      for (std::size_t i = 0; i < cpu.size(); ++i)
        EXPECT_LE((gpu[i] - cpu[i]).norm().item<double>(), bound * cpu[i].norm().item<double>() + 1e-6)
            << precision << ", tensor " << i;
    }
}

/// Weights and loss after a few epochs on the device, with dropout.
std::vector<torch::Tensor> trained_on_device(const std::string& graphs, const std::string& precision) {
  const TokenTable tokens = small_corpus(44);
  const ModeTable modes = small_modes(tokens);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  config.model.precision = precision;
  config.training.epochs = 4;
  config.training.graphs = graphs;
  const RunOutcome outcome =
      fine_tune(World::alone(), config, {&tokens, &modes}, torch::Device(torch::kCUDA, 0));
  std::vector<torch::Tensor> found;
  for (const NamedTensor& entry : outcome.model.parameters.all())
    found.push_back(entry.tensor.detach().to(torch::kCPU, torch::kFloat64));
  return found;
}

TEST(Gpu, replayed_graphs_train_what_single_kernels_train_dropout_and_all) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  for (const char* precision : {"float32", "bfloat16"}) {
    const auto eager = trained_on_device("off", precision), replayed = trained_on_device("on", precision);
    // Batches of other sizes, so sums in another order.
    const double bound = std::string(precision) == "float32" ? 1e-3 : 0.05;
    for (std::size_t i = 0; i < eager.size(); ++i)
      EXPECT_LE((eager[i] - replayed[i]).norm().item<double>(), bound * eager[i].norm().item<double>() + 1e-6)
          << precision << ", tensor " << i;
  }
}

TEST(Gpu, in_deterministic_mode_a_repeated_training_ends_at_the_same_bits) {
  if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  const auto first = trained_on_device("on", "bfloat16"), again = trained_on_device("on", "bfloat16");
  at::globalContext().setDeterministicAlgorithms(false, false);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(torch::equal(first[i], again[i])) << i;
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
