#include "training/fine_tune.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/stopwatch.h"
#include "model/weights.h"
#include "training/batches.h"
#include "training/invariance.h"
#include "training/model_input.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

using torch::Tensor;

/// What learns: all, or what is not of the backbone; injections at a rate of their own, if they have one.
std::vector<NamedTensor> trained_parameters(const RunConfig& config, const Classifier& model) {
  std::vector<NamedTensor> trained;
  for (NamedTensor entry : model.parameters.all()) {
    if (config.training.trains == "head" && entry.name.starts_with(kBackbonePrefix)) {
      entry.tensor.set_requires_grad(false);
      continue;
    }
    if (config.injection.learning_rate > 0 && entry.name.starts_with(kInjectionPrefix))
      entry.rate = config.injection.learning_rate / config.training.learning_rate;
    trained.push_back(std::move(entry));
  }
  return trained;
}

/// How far the injection has moved from the identity, by site, for the conditions of the training part.
std::function<Json()> injection_distances(const Dataset& dataset, const Classifier& model,
                                          const Tensor& condition_RK) {
  if (model.injection.sites.empty()) return nullptr;
  std::vector<std::int64_t> rows;
  for (const std::size_t r : dataset.rows_in({"train"}))
    rows.push_back(static_cast<std::int64_t>(dataset.rows[r].row));
  const Tensor told = condition_RK.index_select(0, torch::tensor(rows).to(condition_RK.device()));
  return [&injection = model.injection, told] {
    return Json{{"injection_distance", distances_from_identity(injection, told)}};
  };
}

double accuracy_of(const Json& metrics, const char* part) { return metrics[part]["accuracy"].get<double>(); }

}  // namespace

Objective classify_rows(const World& world, const RunConfig& config, const Dataset& dataset,
                        const Classifier& model, torch::Device device) {
  const Padding padding = padding_of(config.training.padding);
  BatchLayout layout = batch_layout(padding, model, device);
  if (replays_steps(config.training, world, device))
    layout.recorded_rows = most_items_at_once(config.training, world);
  Objective objective;
  objective.batches = [&, rows = dataset.rows_in({"train"})](int epoch) {
    return epoch_batches(dataset, rows, static_cast<std::size_t>(config.training.batch), config.seed, epoch);
  };
  objective.weight = [](std::span<const std::size_t> rows) { return static_cast<double>(rows.size()); };
  objective.words = [&](std::span<const std::size_t> rows) { return count_words(dataset, rows); };
  objective.tell = [&, layout](std::span<const std::size_t> rows, int epoch) {
    const ToldBatch told =
        tell(dataset, rows, draw_shifts(dataset, rows, config.training, config.seed, epoch), {}, layout);
    return ToldItems{told.shape.numbers(), told.numbers};
  };
  const RowTensors tensors = row_tensors(dataset, device);
  objective.observe = injection_distances(dataset, model, tensors.condition_RK);
  objective.sum = [&, padding, tensors](const std::vector<std::int64_t>& shape_numbers,
                                        const Tensor& numbers) {
    const BatchShape shape = BatchShape::of(shape_numbers);
    const Answers found = answers(model, make_input(tensors, shape, numbers), padding, true);
    const auto loss_of = [](const Tensor& logits, const Tensor& labels) {
      return torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum, kNoLabel);
    };
    std::vector<Tensor> losses = {loss_of(found.logits, labels_of(tensors, shape, numbers))};
    Tensor loss = losses[0];
    const std::vector<Tensor> labels = auxiliary_labels_of(tensors, shape, numbers);
    for (std::size_t a = 0; a < labels.size(); ++a) {
      losses.push_back(loss_of(found.auxiliary[a], labels[a]));
      loss = loss + config.training.auxiliary_weight * losses.back();
    }
    return LossSum{loss, torch::stack(losses).detach().to(torch::kFloat64)};
  };
  objective.meters = 1 + static_cast<int>(tensors.auxiliary.size());
  objective.describe = [tasks = tensors.auxiliary](std::span<const double> totals, double weight) {
    Json found = {{"loss", totals[0] / weight}};
    for (std::size_t a = 0; a < tasks.size(); ++a)
      found["auxiliary_loss"][tasks[a].name] = totals[1 + a] / weight;
    return found;
  };
  if (config.training.validates())
    objective.validate = [&, padding, device, rows = dataset.rows_in({"valid"})](int /*epoch*/) {
      const Json metrics = row_accuracy(
          make_predictions(dataset, rows, score_rows(world, model, dataset, rows, padding, device)));
      return HeldOutScore{accuracy_of(metrics, "valid"), metrics["valid"]};
    };
  return objective;
}

RunOutcome fine_tune(const World& world, const RunConfig& config, const RunInputs& inputs,
                     torch::Device device, const Keeping& keeping,
                     const std::function<void(const LoopReport&)>& report, FrozenCache* cache) {
  const Stopwatch watch;
  const Dataset dataset = make_dataset(*inputs.tokens, inputs.modes, config, inputs.features);
  Classifier model = make_model(config, inputs.tokens->scheme, dataset.classes, device);
  if (inputs.weights != nullptr)
    load_start_weights(*inputs.weights, config, inputs.tokens->scheme, model);
  else if (!config.training.weights.empty())
    load_start_weights(config, inputs.tokens->scheme, model);
  model.trains_backbone = config.training.trains == "all";
  if (cache != nullptr && has_frozen_states(config))
    model.frozen = cache->states_of(model, config, inputs, dataset, device);

  const LoopOutcome trained =
      run_loop(world, config.training, config.seed, trained_parameters(config, model),
               classify_rows(world, config, dataset, model, device), device, keeping, report);

  const auto evaluated = dataset.rows_in(config.data.evaluate);
  const Tensor logits =
      score_rows(world, model, dataset, evaluated, padding_of(config.training.padding), device);
  if (!torch::isfinite(logits).all().item<bool>())
    fail(ExitCode::kInternal, "the trained model gives logits that are not finite");
  RunOutcome outcome{{make_predictions(dataset, evaluated, logits), {}, trained.history, {}},
                     std::move(model)};
  outcome.metrics = row_accuracy(outcome.predictions);
  if (config.data.invariance) {
    outcome.model.frozen.reset();  // they are of the music as it is
    outcome.metrics["invariance"] = probe_invariance(world, config, inputs, dataset, outcome.model, device);
  }
  outcome.timing = {{"train_s", trained.train_s},
                    {"total_s", watch.seconds()},
                    {"rows_per_s", static_cast<double>(trained.items) / trained.train_s}};
  return outcome;
}

}  // namespace mofi
