// How fast a training step and a forward pass are on this CPU, for the model sizes mini and base, in float32
// and bfloat16: on rows whose 512 positions are all words (rows/s, GFLOP/s) and on real rows (rows/s,
// words/s), and the best matrix products that LibTorch's libraries show here, which are the roof.
//
//   training_bench [Google Benchmark's options]     training/mini/float32/padded/4, … and roof/…
//   training_bench device                           base on a GPU: rows padded and real, with CUDA graphs and
//                                                   without, useful words/s, share of the best matrix product
//                                                   there, and the kernels that take longest
//   training_bench check SIZE WEIGHTS PASSES        what it computes, as JSON, for training_speed to compare;
//                                                   PASSES: forward, or training, which is both
//
// MOFI_BENCH_THREADS: 2 by default. MOFI_BENCH_TOKENS: tokens.h5 of EMOPIA, without which there are no real
// rows. A peak of memory is that of the process: it means something where --benchmark_filter leaves one
// benchmark.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "core/config.h"
#include "core/error.h"
#include "distributed/gpu_plugin.h"
#include "model/classifier.h"
#include "model/weights.h"
#include "tokens/token_scheme.h"
#include "training/batches.h"
#include "training/fine_tune.h"
#include "training/model_input.h"
#include "training/optimizer.h"

namespace mofi {
namespace {

constexpr std::int64_t kWords = 512;
constexpr int kRealBatches = 4;  ///< over which real rows are spread: a pass over them stands for all rows
constexpr const char* kSplit = "midibert";  ///< whose training part the real rows are of
constexpr int kClasses = 4;
constexpr double kWeightDecay = 0.01;

/// FLOPs of the matrix products of one row's forward pass that any implementation has to do: without those
/// for relative positions, of which there are cheaper and dearer ways.
constexpr double forward_flops(double layers, double hidden, double intermediate, double embedding_width) {
  constexpr double kColumns = 4;
  constexpr double kRow = kWords;
  const double dense = 2 * kRow * hidden * (4 * hidden + 2 * intermediate);
  const double attention = 2 * kRow * kRow * hidden * 2;  // q·k and p·v
  return layers * (dense + attention) + 2 * kRow * hidden * kColumns * embedding_width;
}
/// A step is a forward pass and a backward pass of twice its work, whatever is computed.
constexpr double step_flops(double forward) { return 3 * forward; }

constexpr bool is_tera(double flops, double tera) {
  return flops > (tera - 5e-5) * 1e12 && flops < (tera + 5e-5) * 1e12;
}
static_assert(is_tera(step_flops(forward_flops(12, 768, 3072, 256)), 0.2923), "a row's step of base");
static_assert(is_tera(step_flops(forward_flops(4, 256, 1024, 256)), 0.0137), "a row's step of mini");

/// Rows that batches are made of.
struct Rows {
  std::shared_ptr<const TokenTable> tokens;  ///< which the dataset points into
  Dataset dataset;
  std::vector<std::vector<std::size_t>> batches;  ///< indices into dataset.rows
  std::int64_t batch = 0;
};

/// A batch of rows that are words up to the end, the same in every language: no id is that of padding or
/// mask.
Rows full_rows(std::int64_t batch) {
  auto table = std::make_shared<TokenTable>();
  table->scheme = token_scheme("cp4");
  table->row_words = static_cast<int>(kWords);
  table->pieces.resize(1);
  Rows rows{table, {}, {{}}, batch};
  rows.dataset.classes = kClasses;
  rows.dataset.max_words = static_cast<int>(kWords);
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t l = 0; l < kWords; ++l)
      for (std::int64_t c = 0; c < static_cast<std::int64_t>(table->columns()); ++c)
        table->words.push_back(static_cast<std::uint8_t>(
            (5 * b + 3 * l + 7 * c + l * l) % table->scheme.columns[static_cast<std::size_t>(c)].pad));
    table->length.push_back(static_cast<std::uint16_t>(kWords));
    table->piece.push_back(0);
    const auto row = static_cast<std::size_t>(b);
    rows.dataset.rows.push_back({row, 0, static_cast<int>(b), 0, static_cast<int>(kWords),
                                 static_cast<int>(b % kClasses), SplitPart::kTrain});
    rows.batches.front().push_back(row);
  }
  rows.dataset.tokens = rows.tokens.get();
  return rows;
}

/// Of the training rows in the order of their lengths, evenly spaced ones, which therefore are as long as all
/// of them on average; cut into batches of like length, as training's are.
Rows real_rows(const std::string& path, std::int64_t batch) {
  Rows rows{std::make_shared<TokenTable>(read_tokens(path)), {}, {}, batch};
  RunConfig config;
  config.data.split = kSplit;
  config.data.rows = "all";
  rows.dataset = make_dataset(*rows.tokens, nullptr, config);
  std::vector<std::size_t> order = rows.dataset.rows_in({"train"});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rows.dataset.rows[a].words < rows.dataset.rows[b].words;
  });
  const std::size_t taken = kRealBatches * static_cast<std::size_t>(batch);
  if (order.size() < taken) fail(ExitCode::kData, "{}: expected {} training rows at least", path, taken);
  for (std::size_t i = 0; i < taken; ++i) {
    if (i % static_cast<std::size_t>(batch) == 0) rows.batches.emplace_back();
    rows.batches.back().push_back(order[(2 * i + 1) * order.size() / (2 * taken)]);
  }
  return rows;
}

ModelInput input_of(const Rows& rows, std::size_t b) {
  return make_input(rows.dataset, rows.batches[b], {}, Padding::kMasked, torch::kCPU);
}

torch::Tensor labels_of(const Rows& rows, std::size_t b) {
  std::vector<std::int64_t> labels;
  for (const std::size_t r : rows.batches[b]) labels.push_back(rows.dataset.rows[r].label);
  return torch::tensor(labels);
}

std::int64_t words_of_a_pass(const Rows& rows) {
  std::int64_t words = 0;
  for (const auto& batch : rows.batches) words += count_words(rows.dataset, batch);
  return words;
}

std::vector<torch::Tensor> parameters_of(const Classifier& model) {
  std::vector<torch::Tensor> parameters;
  for (const NamedTensor& entry : model.parameters.all()) parameters.push_back(entry.tensor);
  return parameters;
}

Classifier model_of(const BackboneConfig& config, torch::Device device = torch::kCPU) {
  return make_classifier(config, InjectionConfig(), HeadConfig(), column_sizes(token_scheme("cp4")), kClasses,
                         1, torch::TensorOptions(torch::kFloat32).device(device));
}

BackboneConfig sized(const std::string& size) {
  BackboneConfig config;
  config.size = size;
  apply_size(config);
  return config;
}

torch::Tensor backward_pass(const Classifier& model, const std::vector<torch::Tensor>& parameters,
                            const ModelInput& input, const torch::Tensor& labels) {
  for (const torch::Tensor& parameter : parameters) parameter.mutable_grad().reset();
  torch::Tensor loss = torch::cross_entropy_loss(forward(model, input, Padding::kMasked, true), labels);
  loss.backward();
  return loss.detach();
}

/// The most memory that this process has held so far, GiB.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      double kib = 0;
      status >> kib;
      return kib / (1 << 20);
    }
  return 0;
}

struct Work {
  bool trains = false;
  std::string size;
  std::string precision;
  std::string tokens;  ///< of real rows; empty: padded to the end with words
  std::int64_t batch = 4;
};

void bench(benchmark::State& state, const Work& work) {
  BackboneConfig config = sized(work.size);
  config.precision = work.precision;
  const Classifier model = model_of(config);
  const std::vector<torch::Tensor> parameters = parameters_of(model);
  AdamW optimizer(parameters, kWeightDecay);
  const Rows rows = work.tokens.empty() ? full_rows(work.batch) : real_rows(work.tokens, work.batch);
  const auto step = [&](std::size_t b) {
    const ModelInput input = input_of(rows, b);
    if (work.trains) {
      backward_pass(model, parameters, input, labels_of(rows, b));
      optimizer.step(1e-5);
    } else {
      const torch::NoGradGuard no_grad;
      benchmark::DoNotOptimize(forward(model, input, Padding::kMasked, false).data_ptr());
    }
  };
  step(rows.batches.size() - 1);  // pages, kernels and moments are made by the first
  for (auto _ : state)
    for (std::size_t b = 0; b < rows.batches.size(); ++b) step(b);
  const auto per_pass = [](double amount) {
    return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  const auto rows_of_a_pass = static_cast<double>(rows.batches.size()) * static_cast<double>(work.batch);
  state.counters["rows"] = rows_of_a_pass;
  state.counters["rows/s"] = per_pass(rows_of_a_pass);
  if (work.tokens.empty()) {
    const double flops =
        forward_flops(config.layers, config.hidden, config.intermediate, config.embedding_width);
    state.counters["GFLOP/s"] = per_pass(rows_of_a_pass * (work.trains ? step_flops(flops) : flops) / 1e9);
  } else {
    state.counters["words/s"] = per_pass(static_cast<double>(words_of_a_pass(rows)));
  }
  state.counters["peak_GiB"] = peak_memory();
}

/// A matrix product, rows × inner by inner × columns.
struct Shape {
  std::int64_t rows, inner, columns;
};
constexpr Shape kRoofShapes[] = {{2048, 2048, 2048}, {4096, 768, 3072}, {4096, 3072, 768}};

/// The rate of a large matrix product: the best of them all is the roof.
void matrix_product(benchmark::State& state, Shape shape, const std::string& precision, bool ours) {
  const auto type = precision == "float32" ? torch::kFloat32 : torch::kBFloat16;
  const torch::NoGradGuard no_grad;
  const torch::Tensor a = torch::randn({shape.rows, shape.inner}).to(type);
  const torch::Tensor b = torch::randn({shape.columns, shape.inner}).to(type).t();
  const auto multiply = [&] { return ours ? product(a, b) : torch::matmul(a, b); };
  benchmark::DoNotOptimize(multiply().data_ptr());
  for (auto _ : state) benchmark::DoNotOptimize(multiply().data_ptr());
  state.counters["GFLOP/s"] =
      benchmark::Counter(2.0 * static_cast<double>(shape.rows) * static_cast<double>(shape.inner) *
                             static_cast<double>(shape.columns) / 1e9,
                         benchmark::Counter::kIsIterationInvariantRate);
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The best rate, FLOP/s, of large matrix products on a device.
double matrix_peak(torch::Device device, torch::ScalarType type) {
  const torch::NoGradGuard no_grad;
  double best = 0;
  const std::vector<std::int64_t> sizes =
      device.is_cpu() ? std::vector<std::int64_t>{1024} : std::vector<std::int64_t>{4096, 8192};
  for (const std::int64_t size : sizes) {
    const torch::Tensor a = torch::randn({size, size}, torch::TensorOptions(type).device(device)),
                        b = torch::randn({size, size}, torch::TensorOptions(type).device(device));
    torch::Tensor c = torch::matmul(a, b);
    for (int round = 0; round < 3; ++round) {
      constexpr int kProducts = 20;
      c[0][0].item<float>();  // waits
      const double s = seconds_of([&] {
        for (int i = 0; i < kProducts; ++i) c = torch::matmul(a, b);
        c[0][0].item<float>();
      });
      best = std::max(best, kProducts * 2.0 * std::pow(static_cast<double>(size), 3) / s);
    }
  }
  return best;
}

/// The ten names that take most time on the device (on the CPU: operators) in what `work` does.
void print_longest(torch::Device device, const std::function<void()>& work) {
  namespace profiler = torch::autograd::profiler;
  profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  std::set<profiler::ActivityType> activities = {profiler::ActivityType::CPU};
  if (device.is_cuda()) activities.insert(profiler::ActivityType::CUDA);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
  work();
  const auto result = profiler::disableProfiler();
  std::map<std::string, std::pair<double, int>> by_name;
  double all = 0;
  for (const auto& event : result->events()) {
    if (device.is_cuda() && event.deviceType() != c10::DeviceType::CUDA) continue;
    const double ms = static_cast<double>(event.durationNs()) / 1e6;
    by_name[event.name()].first += ms;
    ++by_name[event.name()].second;
    all += ms;
  }
  std::vector<std::pair<std::string, std::pair<double, int>>> longest(by_name.begin(), by_name.end());
  std::sort(longest.begin(), longest.end(),
            [](const auto& a, const auto& b) { return a.second.first > b.second.first; });
  fmt::print("\n| longest | calls | ms | share |\n|:--|--:|--:|--:|\n");
  for (std::size_t i = 0; i < std::min<std::size_t>(10, longest.size()); ++i)
    fmt::print("| `{}` | {} | {:.2f} | {:.0f} % |\n", longest[i].first.substr(0, 90),
               longest[i].second.second, longest[i].second.first, 100 * longest[i].second.first / all);
}

struct DeviceCase {
  std::int64_t batch;
  bool real;
  bool graphs;
};

/// Trains `passes` over the rows by the loop that runs train by. Returns the seconds of the last pass.
double train_passes(const Classifier& model, const RunConfig& config, const Rows& rows, torch::Device device,
                    int passes) {
  RunConfig training = config;
  training.training.epochs = passes;
  const World world = World::alone();
  Objective objective = classify_rows(world, training, rows.dataset, model, device);
  objective.batches = [&](int) { return rows.batches; };
  objective.validate = nullptr;
  double began = 0, last = 0;
  const auto start = std::chrono::steady_clock::now();
  run_loop(world, training.training, 1, model.parameters.all(), objective, device, {},
           [&](const LoopReport& report) {
             // After the last step of a pass the loop has waited for the device.
             if (report.step % static_cast<std::int64_t>(rows.batches.size()) != 0) return;
             const double now =
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
             last = now - began;
             began = now;
           });
  return last;
}

/// Training steps in bfloat16 on a device (on the CPU, of tiny, to see that all of this runs).
void bench_device(const std::string& tokens) {
  const GpuPlugin* plugin = gpu_plugin();
  const torch::Device device =
      plugin == nullptr ? torch::Device(torch::kCPU) : torch::Device(torch::kCUDA, 0);
  fmt::print("# Training on {}\n\n",
             plugin == nullptr ? "the CPU: " + gpu_state() : plugin->describe_device(0));
  const double peak = matrix_peak(device, torch::kBFloat16);
  fmt::print("Best matrix product in bfloat16: {:.1f} TFLOP/s.\n\n", peak / 1e12);
  fmt::print(
      "| size | batch | rows | graphs | rows/s | useful words/s | useful TFLOP/s | of the best product |\n"
      "|:--|--:|:--|:--|--:|--:|--:|--:|\n");
  RunConfig config;
  config.model = sized(plugin == nullptr ? "tiny" : "base");
  config.model.precision = "bfloat16";
  config.training.transpose_down = config.training.transpose_up = 0;
  config.training.weight_decay = kWeightDecay;
  config.training.learning_rate = 1e-5;
  std::vector<DeviceCase> cases;
  for (const std::int64_t batch : {16, 64})
    for (const bool real : {false, true})
      for (const bool graphs : {false, true})
        if (!real || !tokens.empty()) cases.push_back({batch, real, graphs});
  // A pass of steps enough that waiting at its end is nothing.
  const std::size_t steps = plugin == nullptr ? 1 : 40;
  for (const DeviceCase& c : cases) {
    config.training.batch = static_cast<int>(c.batch);
    config.training.graphs = c.graphs ? "on" : "off";
    const Classifier model = model_of(config.model, device);
    Rows rows = c.real ? real_rows(tokens, c.batch) : full_rows(c.batch);
    const std::size_t different = rows.batches.size();
    while (rows.batches.size() < steps) rows.batches.push_back(rows.batches[rows.batches.size() - different]);
    const double s = train_passes(model, config, rows, device, 3);
    const auto words = static_cast<double>(words_of_a_pass(rows));
    // Of a word of a full row; a shorter row's attention is cheaper still.
    const double flops = step_flops(forward_flops(config.model.layers, config.model.hidden,
                                                  config.model.intermediate, config.model.embedding_width)) /
                         kWords * words;
    fmt::print("| {} | {} | {} | {} | {:.1f} | {:.0f} | {:.2f} | {:.0f} % |\n", config.model.size, c.batch,
               c.real ? "real" : "padded", c.graphs ? "yes" : "no",
               static_cast<double>(rows.batches.size()) * static_cast<double>(c.batch) / s, words / s,
               flops / s / 1e12, 100 * flops / s / peak);
    std::cout.flush();
    if (&c == &cases.back()) print_longest(device, [&] { train_passes(model, config, rows, device, 1); });
  }
}

Json numbers(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.detach().to(torch::kFloat64).contiguous().flatten();
  return std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
}

/// Logits of a batch; then, without dropout, which no two implementations draw alike, the loss and the norm
/// of every gradient, and the loss after two steps of the optimiser.
Json computed(const BackboneConfig& config, const std::string& weights, const Rows& rows, bool trains) {
  Classifier model = model_of(config);
  const LoadReport loaded = load_weights(weights, model.parameters);
  if (!loaded.missing.empty()) fail(ExitCode::kData, "{}: lacks {}", weights, loaded.missing.front());
  const std::vector<torch::Tensor> parameters = parameters_of(model);
  AdamW optimizer(parameters, kWeightDecay);
  const ModelInput input = input_of(rows, 0);
  const torch::Tensor labels = labels_of(rows, 0);
  Json found;
  {
    const torch::NoGradGuard no_grad;
    found["logits"] = numbers(forward(model, input, Padding::kMasked, false));
  }
  if (!trains) return found;
  found["loss"] = numbers(backward_pass(model, parameters, input, labels));
  for (const NamedTensor& entry : model.parameters.all())
    found["gradients"][entry.name] = entry.tensor.grad().norm().item<double>();
  optimizer.step(1e-4);
  backward_pass(model, parameters, input, labels);
  optimizer.step(1e-4);
  found["loss_after"] = numbers(backward_pass(model, parameters, input, labels));
  return found;
}

void check(const std::string& size, const std::string& weights, bool trains, const std::string& tokens) {
  BackboneConfig config = sized(size);
  config.hidden_dropout = config.attention_dropout = 0;
  constexpr std::int64_t kBatch = 2;
  Json found{{"padded", computed(config, weights, full_rows(kBatch), trains)}};
  if (!tokens.empty()) found["real"] = computed(config, weights, real_rows(tokens, kBatch), trains);
  std::cout << found << '\n';
}

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

void measured_by_process(benchmark::internal::Benchmark* registered) {
  registered->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
}

void register_all(const std::string& tokens) {
  for (const char* precision : {"float32", "bfloat16"}) {
    for (const Shape& shape : kRoofShapes)
      for (const bool ours : {true, false})
        measured_by_process(benchmark::RegisterBenchmark(
            fmt::format("roof/{}/{}/{}x{}x{}", precision, ours ? "product" : "ATen", shape.rows, shape.inner,
                        shape.columns)
                .c_str(),
            matrix_product, shape, precision, ours));
    for (const char* size : {"mini", "base"})
      for (const bool trains : {true, false})
        for (const bool real : {false, true})
          for (const int batch : {4, 8})
            if (!real || !tokens.empty())
              measured_by_process(benchmark::RegisterBenchmark(
                  fmt::format("{}/{}/{}/{}/{}", trains ? "training" : "forward", size, precision,
                              real ? "real" : "padded", batch)
                      .c_str(),
                  bench, Work{trains, size, precision, real ? tokens : "", batch}));
  }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  at::set_num_threads(std::stoi(environment("MOFI_BENCH_THREADS", "2")));
  // As training does: freed memory is kept.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  const std::string tokens = environment("MOFI_BENCH_TOKENS", "");
  try {
    if (argc == 5 && std::string(argv[1]) == "check") {
      check(argv[2], argv[3], std::string(argv[4]) == "training", tokens);
      return 0;
    }
    if (argc == 2 && std::string(argv[1]) == "device") {
      bench_device(tokens);
      return 0;
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
    register_all(tokens);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::cerr << "mofi: " << error.what() << '\n';
    return 70;
  }
  return 0;
}
