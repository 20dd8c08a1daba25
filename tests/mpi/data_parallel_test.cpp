// Training on several ranks is training on one: same gradients, same weights, same scores.

#include "distributed/data_parallel.h"

#include <gmock/gmock.h>
#include <torch/torch.h>
#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "core/config.h"
#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "distributed/mpi_backend.h"
#include "distributed/trace.h"
#include "ranked_main.h"
#include "refusal.h"
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

/// Layers of one width, one after the other, whose last one's gradient is ready first.
std::vector<torch::Tensor> square_layers(int layers, std::int64_t width) {
  std::vector<torch::Tensor> parameters;
  for (int i = 0; i < layers; ++i) {
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(stream_key(2, "layers", i));
    parameters.push_back((torch::randn({width, width}, generator, torch::kFloat64) / width).requires_grad_());
  }
  return parameters;
}

torch::Tensor through_layers(const std::vector<torch::Tensor>& layers, torch::Tensor x) {
  for (const torch::Tensor& layer : layers) x = torch::tanh(x.matmul(layer));
  return x.sum();
}

int reductions(const Trace& trace) {
  const auto events = trace.events();
  return static_cast<int>(std::count_if(events.begin(), events.end(),
                                        [](const auto& event) { return event.name == "reduction"; }));
}

TEST(DataParallel, gradients_accumulated_over_micro_batches_equal_those_of_one_process_on_the_whole_batch) {
  const World& world = test_world();
  const torch::Tensor rows = torch::arange(11 * 6, torch::kFloat64).view({11, 6}) / 30;
  const std::vector<std::pair<int, int>> micro_batches = {
      {0, 5}, {5, 6}, {6, 11}};  // no rank count divides them

  const auto whole = square_layers(3, 6);
  (through_layers(whole, rows) / 11).backward();

  for (const bool overlap : {true, false}) {
    const auto shared = square_layers(3, 6);
    DataParallelOptions options;
    options.overlap = overlap;
    options.bucket_mib = options.first_bucket_mib = 1e-4;  // a bucket a layer
    options.trace = std::make_shared<Trace>(world);
    DataParallel parallel(world, shared, torch::kCPU, options);
    for (int step = 0; step < 3; ++step) {  // after the first the reducer orders its buckets anew
      for (const auto& parameter : shared)
        if (parameter.grad().defined()) parameter.grad().zero_();
      parallel.prepare_forward();
      for (const auto& [from, to] : micro_batches) {
        const auto first = from + (to - from) * world.rank() / world.size(),
                   last = from + (to - from) * (world.rank() + 1) / world.size();
        const torch::Tensor loss = through_layers(shared, rows.slice(0, first, last)) * world.size() / 11;
        if (to == 11) parallel.prepare_backward(loss);
        loss.backward();
      }
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_TRUE(torch::allclose(shared[i].grad(), whole[i].grad(), 1e-12, 1e-13))
            << "step " << step << ", parameter " << i << (overlap ? "" : ", without overlap");
      const int buckets = world.size() == 1 ? 0 : overlap ? 3 : 1;
      EXPECT_EQ(reductions(*options.trace),
                (step + 1) * buckets);  // micro-batches before the last send nothing
    }
  }
}

/// Two steps of a model of 8 layers of 2 MiB on every rank. In the second, the first layer's gradient, which
/// is the last to be computed, waits for `wait` and marks "backward ends".
void train_two_steps(const World& world, const DataParallelOptions& options,
                     const std::function<void()>& wait) {
  const auto layers = square_layers(8, 512);
  DataParallel parallel(world, layers, torch::kCPU, options);
  for (int step = 0; step < 2; ++step) {
    parallel.prepare_forward();
    const torch::Tensor loss = through_layers(layers, torch::ones({4, 512}, torch::kFloat64));
    parallel.prepare_backward(loss);
    if (step == 1)
      layers[0].register_hook([&](const torch::Tensor&) {
        wait();
        options.trace->mark("backward ends");
      });
    options.trace->mark("backward begins");
    loss.backward();
  }
}

/// Which of the reductions since the last mark "backward begins" began before the mark "backward ends".
std::pair<int, int> begun_and_all(const Trace& trace) {
  double begins = 0, ends = 0;
  for (const TraceEvent& event : trace.events()) {
    if (event.name == "backward begins") begins = event.begin_s;
    if (event.name == "backward ends") ends = event.begin_s;
  }
  std::pair<int, int> count = {0, 0};
  for (const TraceEvent& event : trace.events()) {
    if (event.name != "reduction" || event.begin_s < begins) continue;
    ++count.second;
    if (event.begin_s < ends) ++count.first;
  }
  return count;
}

TEST(DataParallel, reductions_begin_while_the_backward_pass_is_under_way_and_without_overlap_none_does) {
  const World& world = test_world();
  if (world.size() == 1) GTEST_SKIP() << "nothing is reduced at one rank";
  DataParallelOptions options;
  options.bucket_mib = options.first_bucket_mib = 2;
  options.trace = std::make_shared<Trace>(world);
  // An order, not a duration: inside the backward pass, a reduction is waited for. A recorded one has ended,
  // too.
  constexpr int kOfFirstStep = 8;
  train_two_steps(world, options, [&] {
    for (int tries = 0; tries < 30'000 && reductions(*options.trace) <= kOfFirstStep; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto [begun, all] = begun_and_all(*options.trace);
  EXPECT_EQ(all, 8);
  EXPECT_GE(begun, 1);
  EXPECT_LT(begun, 8);  // the first layer's own cannot

  options.overlap = false;
  options.trace = std::make_shared<Trace>(world);
  train_two_steps(world, options, [] {});
  EXPECT_EQ(begun_and_all(*options.trace), std::make_pair(0, 1));
}

TEST(DataParallel, buckets_of_no_size_are_refused) {
  for (const double mib : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    DataParallelOptions options;
    options.bucket_mib = mib;
    EXPECT_THAT(refusal_of([&] { DataParallel(test_world(), square_layers(1, 2), torch::kCPU, options); },
                           ExitCode::kUsage),
                testing::HasSubstr("larger than 0 MiB"));
  }
}

TEST(Trace, the_written_file_holds_the_events_of_all_ranks_in_one_time) {
  const World& world = test_world();
  const TemporaryFolder folder;
  const std::string path = world.broadcast(folder.path().string()) + "/trace.json";
  Trace trace(world);
  { const TraceSpan nowhere(nullptr, "free when off"); }
  for (int turn = 0; turn < world.size(); ++turn) {  // one rank after the other
    if (turn == world.rank()) {
      const TraceSpan span(&trace, "forward", "training", 40);
      trace.mark("inside");
    }
    world.barrier();
  }
  write_trace(world, trace, path);
  if (!world.is_root()) return;
  std::vector<double> begins;
  std::vector<int> pids;
  const Json written = Json::parse(read_text(path));
  for (const Json& event : written["traceEvents"]) {
    if (event["ph"] != "X") continue;
    EXPECT_EQ(event["name"], "forward");
    EXPECT_EQ(event["args"]["bytes"], 40);
    EXPECT_GE(event["dur"].get<double>(), 0);
    begins.push_back(event["ts"].get<double>());
    pids.push_back(event["pid"].get<int>());
  }
  ASSERT_EQ(begins.size(), static_cast<std::size_t>(world.size()));
  EXPECT_TRUE(std::is_sorted(pids.begin(), pids.end()));
  EXPECT_TRUE(std::is_sorted(begins.begin(), begins.end()));
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
