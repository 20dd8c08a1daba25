// How fast a training step and a forward pass are on this CPU, in rows of 512 words and in GFLOP/s, for the model
// sizes mini and base. FLOPs are counted once for the forward and twice for the backward pass, whatever is computed.
// Takes Google Benchmark's options; MOFI_BENCH_THREADS (2).

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <torch/torch.h>

#include <cstdlib>

#include "core/random.h"
#include "model/classifier.h"
#include "tokens/token_scheme.h"
#include "training/dataset.h"
#include "training/optimizer.h"

namespace mofi {
namespace {

constexpr std::int64_t kWords = 512;

/// FLOPs of the matrix products of one row's forward pass that any implementation has to do: without those
/// for relative positions, of which there are cheaper and dearer ways.
double forward_flops(const BackboneConfig& c) {
  const double words = kWords, hidden = c.hidden;
  const double dense = 2 * words * hidden * (4 * hidden + 2.0 * c.intermediate);
  const double attention = 2 * words * words * hidden * 2;  // q·k and p·v
  return c.layers * (dense + attention) + 2 * words * hidden * 4 * c.embedding_width;
}

ModelInput random_rows(std::int64_t batch) {
  const TokenScheme scheme = token_scheme("cp4");
  RandomStream draws(1, "bench");
  torch::Tensor words = torch::empty({batch, kWords, 4}, torch::kInt64);
  auto* word = words.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < words.numel(); ++i)
    word[i] = draws.below(static_cast<std::uint32_t>(scheme.columns[static_cast<std::size_t>(i % 4)].pad));
  return {words.flatten(0, 1), regular_sequences(batch, kWords), {}, {}};
}

void bench(benchmark::State& state, const std::string& size, bool trains) {
  const std::int64_t batch = state.range(0);
  BackboneConfig config;
  config.size = size;
  apply_size(config);
  InjectionConfig injection;
  Classifier model =
      make_classifier(config, injection, HeadConfig(), column_sizes(token_scheme("cp4")), 4, 1);
  std::vector<torch::Tensor> parameters;
  for (const NamedTensor& entry : model.parameters.all()) parameters.push_back(entry.tensor);
  AdamW optimizer(parameters, 0.01);
  const ModelInput input = random_rows(batch);
  const torch::Tensor labels = torch::arange(batch) % 4;
  for (auto _ : state) {
    if (trains) {
      for (torch::Tensor& parameter : parameters) parameter.mutable_grad().reset();
      const torch::Tensor loss =
          torch::cross_entropy_loss(forward(model, input, Padding::kMasked, true), labels);
      loss.backward();
      optimizer.step(1e-5);
    } else {
      const torch::NoGradGuard no_grad;
      benchmark::DoNotOptimize(forward(model, input, Padding::kMasked, false).data_ptr());
    }
  }
  const double rows = static_cast<double>(batch);
  state.counters["rows/s"] = benchmark::Counter(rows, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["GFLOP/s"] = benchmark::Counter(rows * forward_flops(config) * (trains ? 3 : 1) / 1e9,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

/// The best rate of a matrix product that this machine shows: the roof.
void matrix_product(benchmark::State& state) {
  const torch::Tensor a = torch::randn({4096, 768}), b = torch::randn({3072, 768});
  for (auto _ : state) benchmark::DoNotOptimize(affine(a, b, {}).data_ptr());
  state.counters["GFLOP/s"] =
      benchmark::Counter(2 * 4096.0 * 768 * 3072 / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  benchmark::Initialize(&argc, argv);
  const char* threads = std::getenv("MOFI_BENCH_THREADS");
  at::set_num_threads(threads != nullptr ? std::atoi(threads) : 2);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  benchmark::RegisterBenchmark("matrix_product", matrix_product)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  for (const char* size : {"mini", "base"})
    for (const bool trains : {false, true})
      for (const int batch : {4, 8})
        benchmark::RegisterBenchmark((std::string(trains ? "training/" : "forward/") + size).c_str(),
                                     [=](benchmark::State& state) { bench(state, size, trains); })
            ->Arg(batch)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
