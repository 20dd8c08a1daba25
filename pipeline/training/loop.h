#pragma once
// The one training loop: of pre-training, fine-tuning and probing, on any number of ranks. A step reads
//
//   batch → forward → backward (reduced over ranks meanwhile) → clip → finite? → optimiser → meters
//
// and depends on nothing but the weights, the optimiser's moments and its own number, for every draw is a
// function of seed and counters. So a run that is killed at any instant and goes on from its last checkpoint
// ends at the same bits, on the same number of ranks.

#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "distributed/world.h"
#include "model/parameters.h"
#include "training/loop_config.h"

namespace mofi {

/// What some items add to the loss and to the meters.
struct LossSum {
  torch::Tensor loss;      ///< scalar, differentiable: a sum over the items, not a mean
  torch::Tensor totals_M;  ///< float64 on the model's device, no gradient: what the meters are made of
};

/// Items as numbers, and all that shapes of tensors depend on.
struct ToldItems {
  std::vector<std::int64_t> shape, numbers;
};

/// A score on held-out data, and all that is known of it.
struct HeldOutScore {
  double score = 0;  ///< larger is better
  Json metrics;
};

/// What is trained. Items are numbers that only the objective understands: rows of a data set.
struct Objective {
  /// The batches of an epoch (from 0), each over all ranks; the same on every rank.
  std::function<std::vector<std::vector<std::size_t>>(int epoch)> batches;
  /// What the loss of these items is divided by: their number, or that of their masked words. Known to every
  /// rank without asking, so that uneven batches weigh what they should.
  std::function<double(std::span<const std::size_t>)> weight;
  /// Words of these items, for the rate.
  std::function<std::int64_t(std::span<const std::size_t>)> words;
  /// The items of an epoch as numbers, all that their sum depends on besides the parameters.
  std::function<ToldItems(std::span<const std::size_t>, int epoch)> tell;
  /// Computed of the numbers where the model is, by the same operations for all items of one shape: so it can
  /// be recorded.
  std::function<LossSum(const std::vector<std::int64_t>& shape, const torch::Tensor& numbers)> sum;
  int meters = 1;  ///< length of totals_M
  /// Meters by name from totals and weight, both summed over items and ranks.
  std::function<Json(std::span<const double> totals, double weight)> describe;
  /// What is to be told of the model after every epoch; null: nothing.
  std::function<Json()> observe;
  /// Collective, after every epoch (from 0); null: nothing is held out.
  std::function<HeldOutScore(int epoch)> validate;
};

/// Where a run keeps what it needs to go on, and what it tells of itself.
struct Keeping {
  std::filesystem::path folder;  ///< FOLDER/checkpoint/, FOLDER/events.jsonl; empty: nothing is kept
  std::string identity;          ///< of the run: its checkpoints are no other's
  std::map<std::string, std::string> metadata = {};  ///< of the weights' files
  bool logs = false;  ///< FOLDER/log/rank_0.log …, too, of what is all that the process does
};

struct LoopReport {
  int epoch = 1, epochs = 1;
  std::int64_t step = 0, steps = 0;  ///< done, in all
  double items_per_s = 0, words_per_s = 0, learning_rate = 0;
  Json meters;  ///< the last that were computed
};

struct LoopOutcome {
  Json history = Json::array();  ///< an object an epoch
  double train_s = 0;            ///< of all that led here, those of killed predecessors too
  std::int64_t items = 0;        ///< that were trained on
  bool stopped_early = false;
  int kept_epoch = 0;  ///< whose weights the parameters have at the end, from 1
};

/// Trains `parameters`, which `objective` computes with, in place. Collective. `report` is called after every
/// step, on every rank. Throws kStopped, on every rank and after a checkpoint, when a stop was requested or
/// the time is over; kInternal when a gradient is not finite.
LoopOutcome run_loop(const World& world, const LoopConfig& config, std::uint64_t seed,
                     const std::vector<NamedTensor>& parameters, const Objective& objective,
                     torch::Device device, const Keeping& keeping,
                     const std::function<void(const LoopReport&)>& report = nullptr);

/// Whether the steps of a training are recorded and replayed; then items should have few shapes.
bool replays_steps(const LoopConfig& config, const World& world, torch::Device device);
/// The most items that are computed at once on one rank.
std::int64_t most_items_at_once(const LoopConfig& config, const World& world);

/// Removes the checkpoints of a run that is done.
void remove_checkpoints(const Keeping& keeping);

}  // namespace mofi
