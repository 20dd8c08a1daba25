#include "training/fine_tune.h"

#include <malloc.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/random.h"
#include "core/stop.h"
#include "distributed/data_parallel.h"
#include "tokens/transposition.h"
#include "training/optimizer.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

using torch::Tensor;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Large tensors come and go every step; giving their pages back to the system and faulting them in again
/// costs more than many of the operations on them.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
}

std::vector<Tensor> tensors_of(const ParameterSet& parameters) {
  std::vector<Tensor> tensors;
  for (const NamedTensor& entry : parameters.all()) tensors.push_back(entry.tensor);
  return tensors;
}

/// The rows of a global batch that this rank trains on. Never empty: a rank without a row repeats the batch's
/// first with weight 0, so that it still takes part in the reduction.
struct LocalBatch {
  std::vector<std::size_t> rows;
  double weight = 1;
};

LocalBatch local_batch(const World& world, std::span<const std::size_t> global) {
  const std::size_t first = global.size() * world.rank() / world.size(),
                    last = global.size() * (world.rank() + 1) / world.size();
  if (first == last) return {{global.front()}, 0};
  return {{global.begin() + static_cast<std::ptrdiff_t>(first),
           global.begin() + static_cast<std::ptrdiff_t>(last)},
          1};
}

constexpr std::size_t kSortedBatches = 8;

/// The batches of an epoch: rows in random order; then, among each few batches' worth of rows, those of like
/// length together, so that little is computed on padding; then the batches in random order.
std::vector<std::vector<std::size_t>> epoch_batches(const Dataset& dataset, std::span<const std::size_t> rows,
                                                    const RunConfig& config, int epoch) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto batch = static_cast<std::size_t>(config.training.batch);
  auto order =
      random_permutation(count, RandomStream(config.seed, "shuffle rows", static_cast<std::uint64_t>(epoch)));
  const auto at = [&](std::size_t i) {
    return order.begin() + static_cast<std::ptrdiff_t>(std::min(i, order.size()));
  };
  for (std::size_t first = 0; first < order.size(); first += kSortedBatches * batch)
    std::stable_sort(at(first), at(first + kSortedBatches * batch), [&](auto a, auto b) {
      return dataset.rows[rows[a]].words < dataset.rows[rows[b]].words;
    });
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t first = 0; first < order.size(); first += batch) {
    batches.emplace_back();
    for (auto i = at(first); i != at(first + batch); ++i) batches.back().push_back(rows[*i]);
  }
  RandomStream(config.seed, "shuffle batches", static_cast<std::uint64_t>(epoch)).shuffle(std::span(batches));
  return batches;
}

/// One legal shift per row, drawn per piece and epoch.
std::vector<int> draw_shifts(const Dataset& dataset, std::span<const std::size_t> rows,
                             const RunConfig& config, int epoch) {
  std::vector<int> shifts;
  for (const std::size_t r : rows) {
    const std::size_t piece = dataset.rows[r].piece;
    const ShiftRange range = legal_shifts(dataset.tokens->scheme, dataset.tokens->pieces[piece],
                                          {-config.training.transpose_down, config.training.transpose_up});
    RandomStream stream(config.seed, "transpose", static_cast<std::uint64_t>(epoch), piece);
    shifts.push_back(stream.between(range.lowest, range.highest));
  }
  return shifts;
}

/// A run under way: what the loop of fine_tune moves on step by step.
struct Trainer {
  const World& world;
  const RunConfig& config;
  const Dataset& dataset;
  const Classifier& model;
  torch::Device device;
  Padding padding;
  AdamW& optimizer;
  DataParallel& parallel;
  std::int64_t steps;

  /// One optimiser step on a global batch. Returns this rank's summed loss.
  double step(std::span<const std::size_t> global, int epoch, std::int64_t step_number) const {
    const LocalBatch local = local_batch(world, global);
    const ModelInput input =
        make_input(dataset, local.rows, draw_shifts(dataset, local.rows, config, epoch), padding, device);
    std::vector<std::int64_t> labels;
    for (const std::size_t r : local.rows) labels.push_back(dataset.rows[r].label);
    torch::manual_seed(stream_key(config.seed, "dropout", static_cast<std::uint64_t>(step_number),
                                  static_cast<std::uint64_t>(world.rank())));

    optimizer.zero_gradients();
    parallel.prepare_forward();
    const Tensor logits = forward(model, input, padding, true);
    const Tensor loss_sum =
        torch::cross_entropy_loss(logits, torch::tensor(labels).to(device), {}, at::Reduction::Sum) *
        local.weight;
    // Ranks average gradients: each gives its share of the global mean times the number of ranks.
    const Tensor loss = loss_sum * (static_cast<double>(world.size()) / static_cast<double>(global.size()));
    parallel.prepare_backward(loss);
    loss.backward();

    // The reduced gradients, and so their norm, are equal on all ranks: they agree without being asked.
    const double norm = optimizer.clip(config.training.clip_norm);
    if (!std::isfinite(norm))
      fail(ExitCode::kInternal,
           "the gradient is no longer finite at step {} (epoch {}); try a lower training.learning_rate",
           step_number + 1, epoch + 1);
    optimizer.step(learning_rate_at(config.training, step_number, steps));
    return loss_sum.item<double>();
  }
};

void stop_if_requested(const World& world) {
  const int signal_number = world.maximum(requested_stop());
  if (signal_number != 0)
    fail(ExitCode::kStopped,
         "stopped by signal {}; nothing of this run is kept, the same command starts it anew", signal_number);
}

}  // namespace

std::map<std::string, std::string> input_digests(const RunConfig& config, const RunInputs& inputs) {
  std::map<std::string, std::string> digests = {{"tokens", inputs.tokens->header.content_sha256}};
  // Modes are recorded whatever the condition: predictions carry them, and tables compare with them.
  if (inputs.modes != nullptr) digests["mode"] = inputs.modes->header.content_sha256;
  if (!config.training.weights.empty())
    digests["weights"] = sha256_of_bytes(read_bytes(config.training.weights));
  return digests;
}

RunOutcome fine_tune(const World& world, const RunConfig& config, const RunInputs& inputs,
                     torch::Device device, const std::function<void(const EpochReport&)>& report) {
  keep_freed_memory();
  at::set_num_threads(config.training.threads);
  const auto start = Clock::now();
  const Dataset dataset = make_dataset(*inputs.tokens, inputs.modes, config);
  Classifier model =
      make_classifier(config.model, config.injection, config.head, column_sizes(inputs.tokens->scheme),
                      dataset.classes, config.seed, torch::TensorOptions(torch::kFloat32).device(device));
  if (!config.training.weights.empty()) load_start_weights(config, inputs.tokens->scheme, model);

  const std::vector<std::size_t> train_rows = dataset.rows_in({"train"});
  const auto batch = static_cast<std::size_t>(config.training.batch);
  const auto steps_per_epoch = static_cast<std::int64_t>((train_rows.size() + batch - 1) / batch);
  const Padding padding = padding_of(config.training.padding);
  AdamW optimizer(tensors_of(model.parameters), config.training.weight_decay, adamw_rule(config.training));
  DataParallel parallel(world, tensors_of(model.parameters), device);
  const Trainer trainer{world,     config,   dataset,
                        model,     device,   padding,
                        optimizer, parallel, steps_per_epoch * config.training.epochs};

  Json history = Json::array();
  double train_s = 0;
  std::int64_t step = 0;
  for (int epoch = 0; epoch < config.training.epochs; ++epoch) {
    const auto epoch_start = Clock::now();
    double loss_sum = 0;
    for (const auto& batch_rows : epoch_batches(dataset, train_rows, config, epoch)) {
      stop_if_requested(world);
      loss_sum += trainer.step(batch_rows, epoch, step++);
    }
    world.sum({&loss_sum, 1});
    const double epoch_s = seconds_since(epoch_start);
    train_s += epoch_s;
    const EpochReport epoch_report{epoch + 1, config.training.epochs,
                                   loss_sum / static_cast<double>(train_rows.size()),
                                   learning_rate_at(config.training, step - 1, trainer.steps),
                                   static_cast<double>(train_rows.size()) / epoch_s};
    history.push_back({{"epoch", epoch_report.epoch},
                       {"loss", epoch_report.loss},
                       {"learning_rate", epoch_report.learning_rate}});
    if (report) report(epoch_report);
  }

  const auto evaluated = dataset.rows_in(config.data.evaluate);
  const Tensor logits = score_rows(world, model, dataset, evaluated, padding, device);
  if (!torch::isfinite(logits).all().item<bool>())
    fail(ExitCode::kInternal, "the trained model gives logits that are not finite");
  RunOutcome outcome{
      std::move(model), make_predictions(dataset, evaluated, logits), {}, std::move(history), {}};
  outcome.metrics = row_accuracy(outcome.predictions);
  outcome.timing = {
      {"train_s", train_s},
      {"total_s", seconds_since(start)},
      {"rows_per_s", static_cast<double>(train_rows.size()) * config.training.epochs / train_s}};
  return outcome;
}

}  // namespace mofi
