// Training on several ranks is training on one: same gradients, same weights, same scores.

#include "distributed/data_parallel.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "core/random.h"
#include "distributed/mpi_backend.h"
#include "ranked_main.h"
#include "small_corpus.h"
#include "temporary_folder.h"
#include "training/fine_tune.h"
#include "training/pretrain.h"

namespace mofi {
namespace {

TEST(MpiBackend, reductions_broadcasts_and_gathers_equal_their_definitions) {
  const World& world = test_world();
  const auto backend = make_mpi_backend(world);
  std::vector<torch::Tensor> tensors = {torch::full({3, 2}, world.rank() + 1.0F)};
  backend->allreduce(tensors)->wait();
  EXPECT_TRUE(torch::equal(tensors[0], torch::full({3, 2}, world.size() * (world.size() + 1) / 2.0F)));

  tensors = {torch::full({4}, static_cast<std::int64_t>(world.rank()), torch::kInt64)};
  c10d::BroadcastOptions from_last;
  from_last.rootRank = world.size() - 1;
  backend->broadcast(tensors, from_last)->wait();
  EXPECT_TRUE(
      torch::equal(tensors[0], torch::full({4}, static_cast<std::int64_t>(world.size() - 1), torch::kInt64)));

  std::vector<torch::Tensor> mine = {torch::full({2}, static_cast<float>(world.rank()))};
  std::vector<std::vector<torch::Tensor>> all(1);
  for (int r = 0; r < world.size(); ++r) all[0].push_back(torch::zeros({2}));
  backend->allgather(all, mine)->wait();
  for (int r = 0; r < world.size(); ++r)
    EXPECT_TRUE(torch::equal(all[0][r], torch::full({2}, static_cast<float>(r))));
}

TEST(MpiBackend, collectives_issued_together_finish_in_order_and_a_transposed_tensor_is_reduced_in_place) {
  const World& world = test_world();
  const auto backend = make_mpi_backend(world);
  torch::Tensor base = torch::arange(6, torch::kFloat32).view({2, 3});
  const torch::Tensor expected = base.clone() * world.size();
  std::vector<torch::Tensor> transposed = {base.t()}, plain = {torch::ones({1000})};
  const auto first = backend->allreduce(transposed), second = backend->allreduce(plain);
  second->wait();
  EXPECT_TRUE(first->isCompleted());
  EXPECT_TRUE(torch::equal(base, expected));
}

TEST(MpiBackend, an_unknown_type_is_an_error_of_the_work_not_a_crash) {
  if (test_world().size() == 1) GTEST_SKIP() << "nothing is sent at one rank";
  const auto backend = make_mpi_backend(test_world());
  std::vector<torch::Tensor> tensors = {torch::ones({2}, torch::kBool)};
  EXPECT_ANY_THROW(backend->allreduce(tensors)->wait());
}

TEST(DataParallel, gradients_equal_those_of_one_process_on_the_whole_batch) {
  const World& world = test_world();
  const auto make = [] {
    std::vector<torch::Tensor> parameters;
    for (int i = 0; i < 3; ++i) {
      const auto generator = at::make_generator<at::CPUGeneratorImpl>(stream_key(1, "weights", i));
      parameters.push_back(torch::randn({5, 5}, generator, torch::kFloat64).requires_grad_());
    }
    return parameters;
  };
  const torch::Tensor rows =
      torch::arange(35, torch::kFloat64).view({7, 5}) / 10;  // 7 rows: no number of ranks divides them
  const auto loss_of = [](const std::vector<torch::Tensor>& p, const torch::Tensor& x) {
    return torch::tanh(torch::tanh(torch::tanh(x.matmul(p[0])).matmul(p[1])).matmul(p[2])).sum();
  };

  const auto whole = make();
  (loss_of(whole, rows) / 7).backward();

  auto shared = make();
  if (!world.is_root())
    for (auto& parameter : shared) parameter.data().fill_(world.rank());  // root's values must arrive
  DataParallel parallel(world, shared, torch::kCPU);
  for (int step = 0; step < 3; ++step) {
    for (auto& parameter : shared)
      if (parameter.grad().defined()) parameter.grad().zero_();
    parallel.prepare_forward();
    const auto first = 7 * world.rank() / world.size(), last = 7 * (world.rank() + 1) / world.size();
    const torch::Tensor loss = loss_of(shared, rows.slice(0, first, last)) * world.size() / 7;
    parallel.prepare_backward(loss);
    loss.backward();
    for (std::size_t i = 0; i < whole.size(); ++i)
      EXPECT_TRUE(torch::allclose(shared[i].grad(), whole[i].grad(), 1e-12, 1e-13))
          << "step " << step << ", parameter " << i;
  }
}

void expect_same_weights(const ParameterSet& a, const ParameterSet& b, const std::string& what) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (std::size_t i = 0; i < a.all().size(); ++i)
    EXPECT_LT((a.all()[i].tensor - b.all()[i].tensor).abs().max().item<double>(), 1e-6)
        << what << ": " << a.all()[i].name;
}

/// Without dropout, whose draws differ between ranks.
void make_comparable(BackboneConfig& model, LoopConfig& training) {
  // AdamW turns the rounding of a gradient near its epsilon into a change of the order of the rate.
  training.learning_rate = 3e-4;
  model.hidden_dropout = model.attention_dropout = 0;
}

TEST(DataParallel, fine_tuning_and_probing_end_at_the_weights_of_one_process_with_the_same_global_batch) {
  const World& world = test_world();
  const TokenTable tokens = small_corpus(22);  // batches of 8: the last one has fewer rows than 4 ranks
  const ModeTable modes = small_modes(tokens);
  for (const char* condition : {"none", "mode"})
    for (const char* trains : {"all", "head"})
      for (const int accumulate : {1, 3}) {
        RunConfig config = small_run();
        config.injection.condition = condition;
        config.training.trains = trains;
        make_comparable(config.model, config.training);
        const RunOutcome alone = fine_tune(World::alone(), config, {&tokens, &modes}, torch::kCPU);
        config.training.accumulate = accumulate;
        const RunOutcome together = fine_tune(world, config, {&tokens, &modes}, torch::kCPU);
        expect_same_weights(alone.model.parameters, together.model.parameters,
                            fmt::format("{}, {}, {} parts", condition, trains, accumulate));
        ASSERT_EQ(alone.predictions.logits.size(), together.predictions.logits.size());
        for (std::size_t i = 0; i < alone.predictions.logits.size(); ++i)
          EXPECT_NEAR(alone.predictions.logits[i], together.predictions.logits[i], 1e-5);
        EXPECT_EQ(alone.predictions.piece_id, together.predictions.piece_id);
        EXPECT_NEAR(alone.history.back()["loss"].get<double>(), together.history.back()["loss"].get<double>(),
                    1e-5);
      }
}

TEST(DataParallel, pre_training_ends_at_the_weights_of_one_process) {
  const World& world = test_world();
  const TokenTable tokens = small_corpus(44);
  PretrainConfig config;
  config.model = small_run().model;
  config.data.max_words = 16;
  config.data.held_out = 0.2;
  config.training.epochs = 2;
  config.training.batch = 9;
  make_comparable(config.model, config.training);
  const PretrainOutcome alone = pretrain(World::alone(), config, tokens, torch::kCPU);
  for (const int accumulate : {1, 2}) {
    config.training.accumulate = accumulate;
    const PretrainOutcome together = pretrain(world, config, tokens, torch::kCPU);
    expect_same_weights(alone.model.parameters, together.model.parameters,
                        fmt::format("{} parts", accumulate));
    for (const auto& [column, accuracy] : alone.metrics["accuracy"].items())
      EXPECT_NEAR(accuracy.get<double>(), together.metrics["accuracy"][column].get<double>(), 1e-9) << column;
  }
}

struct Killed {};

TEST(DataParallel, a_run_of_several_ranks_that_is_killed_goes_on_to_the_bits_of_the_undisturbed_one) {
  const World& world = test_world();
  const TokenTable tokens = small_corpus(44);
  RunConfig config = small_run();
  config.training.checkpoint_minutes = 0;
  const RunOutcome undisturbed = fine_tune(world, config, {&tokens, nullptr}, torch::kCPU);
  std::unique_ptr<TemporaryFolder> folder;
  if (world.is_root()) folder = std::make_unique<TemporaryFolder>();
  const Keeping keeping = {world.broadcast(folder ? folder->path().string() : ""), "a run"};
  EXPECT_THROW(fine_tune(world, config, {&tokens, nullptr}, torch::kCPU, keeping,
                         [](const LoopReport& report) {
                           if (report.step == 4) throw Killed();
                         }),
               Killed);
  const RunOutcome gone_on = fine_tune(world, config, {&tokens, nullptr}, torch::kCPU, keeping);
  const auto &a = undisturbed.model.parameters.all(), &b = gone_on.model.parameters.all();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i].tensor, b[i].tensor)) << a[i].name;
  EXPECT_EQ(undisturbed.history, gone_on.history);
}

TEST(DataParallel, a_run_of_several_ranks_goes_on_with_one_from_the_same_row) {
  const World& world = test_world();
  const TokenTable tokens = small_corpus(44);
  RunConfig config = small_run();
  make_comparable(config.model, config.training);
  config.training.checkpoint_minutes = 0;
  std::unique_ptr<TemporaryFolder> folder;
  if (world.is_root()) folder = std::make_unique<TemporaryFolder>();
  const Keeping keeping = {world.broadcast(folder ? folder->path().string() : ""), "a run"};
  EXPECT_THROW(fine_tune(world, config, {&tokens, nullptr}, torch::kCPU, keeping,
                         [](const LoopReport& report) {
                           if (report.step == 4) throw Killed();
                         }),
               Killed);
  if (!world.is_root()) return;
  const RunOutcome undisturbed = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU),
                   gone_on = fine_tune(World::alone(), config, {&tokens, nullptr}, torch::kCPU, keeping);
  expect_same_weights(undisturbed.model.parameters, gone_on.model.parameters, "with one rank");
  EXPECT_NEAR(undisturbed.history.back()["loss"].get<double>(), gone_on.history.back()["loss"].get<double>(),
              1e-6);
}

}  // namespace
}  // namespace mofi
