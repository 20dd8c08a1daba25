#include "training/loop.h"

#include <malloc.h>
#include <torch/torch.h>

#include <array>
#include <bit>
#include <cmath>
#include <ctime>

#include "core/error.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "distributed/data_parallel.h"
#include "distributed/gpu_plugin.h"
#include "model/weights.h"
#include "training/checkpoint.h"
#include "training/optimizer.h"
#include "training/replay.h"
#include "training/run_log.h"

namespace mofi {
namespace {

using torch::Tensor;

/// Large tensors come and go every step; giving their pages back to the system and faulting them in again
/// costs more than many of the operations on them.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
}

constexpr std::int64_t kTracedSteps = 50;
constexpr double kFirstBucketMib = 1;

/// What the ranks do before a step; the largest wish of all is granted.
enum Wish { kGoOn = 0, kKeep = 1, kTimeIsOver = 2, kStop = 3 };  // kStop + the signal's number

/// Items of a part of a step that one rank computes. Never empty: a rank without one repeats the first with
/// weight 0, so that it still takes part in the reduction.
struct Share {
  std::vector<std::size_t> items;
  double weight = 1;
};

Share share_of(std::span<const std::size_t> items, const World& world) {
  const std::size_t first = items.size() * world.rank() / world.size(),
                    last = items.size() * (world.rank() + 1) / world.size();
  if (first == last) return {{items.front()}, 0};
  const auto mine = items.subspan(first, last - first);
  return {{mine.begin(), mine.end()}, 1};
}

constexpr std::int64_t kFactors = 2;

/// The items' numbers with two more, float64 by their bits.
Tensor with_factors(const std::vector<std::int64_t>& numbers, const std::array<double, kFactors>& factors) {
  std::vector<std::int64_t> all = numbers;
  for (const double factor : factors) all.push_back(std::bit_cast<std::int64_t>(factor));
  return torch::tensor(all, torch::kInt64);
}

std::unique_ptr<Recorder> make_recorder(torch::Device device) {
  if (device.is_cpu()) return std::make_unique<CallingRecorder>();
  return gpu_plugin()->make_recorder(device.has_index() ? device.index() : 0);
}

std::vector<NamedTensor> like(const std::vector<NamedTensor>& parameters,
                              const std::vector<Tensor>& tensors) {
  std::vector<NamedTensor> named;
  for (std::size_t i = 0; i < parameters.size(); ++i) named.push_back({parameters[i].name, tensors[i]});
  return named;
}

std::vector<NamedTensor> moments_of(const std::vector<NamedTensor>& parameters, const AdamWState& state) {
  std::vector<NamedTensor> named;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    named.push_back({parameters[i].name + ".exp_avg", state.first_moments[i]});
    named.push_back({parameters[i].name + ".exp_avg_sq", state.second_moments[i]});
  }
  return named;
}

/// A training under way, between two steps.
class Loop {
 public:
  Loop(const World& world, const LoopConfig& config, std::uint64_t seed,
       const std::vector<NamedTensor>& parameters, const Objective& objective, torch::Device device,
       const Keeping& keeping)
      : world_(world),
        config_(config),
        seed_(seed),
        parameters_(parameters),
        objective_(objective),
        keeping_(keeping),
        device_(device),
        recorder_(replays_steps(config, world, device) ? make_recorder(device) : nullptr),
        parts_(recorder_.get(), device),
        updates_(recorder_.get(), device),
        optimizer_(tensors_of(parameters), config.weight_decay, adamw_rule(config), rates_of(parameters)),
        totals_M_(torch::zeros({objective.meters}, torch::TensorOptions(torch::kFloat64).device(device))),
        not_finite_(torch::zeros({}, torch::TensorOptions(torch::kBool).device(device))),
        batches_(objective.batches(0)),
        steps_(static_cast<std::int64_t>(batches_.size()) * config.epochs) {
    restore();
    if (!config.trace.empty()) trace_ = std::make_shared<Trace>(world);
    parallel_.emplace(world, in_forward_order(parameters), device,
                      DataParallelOptions{config.bucket_mib, std::min(kFirstBucketMib, config.bucket_mib),
                                          config.overlap, trace_});
    log_.emplace(world.is_root() ? keeping.folder : std::filesystem::path(), events_);
    if (keeping.logs) log_to_folder(keeping.folder / "log");
    kept_at_ = step_;
  }

  bool is_done() const { return epoch_ == config_.epochs || outcome_.stopped_early; }

  /// Ranks agree on what none may do alone: to keep a checkpoint, and to stop.
  void agree() {
    int wish = kGoOn;
    if (config_.checkpoint_minutes * 60 <= since_kept_.seconds() && !keeping_.folder.empty()) wish = kKeep;
    if (config_.time_limit_minutes > 0 && since_start_.seconds() > 60 * config_.time_limit_minutes)
      wish = kTimeIsOver;
    if (const int signal_number = requested_stop()) wish = kStop + signal_number;
    wish = world_.maximum(wish);
    if (wish != kGoOn) keep();
    if (wish <= kKeep) return;
    const std::string reason = wish == kTimeIsOver
                                   ? fmt::format("after {} minutes, as asked for", config_.time_limit_minutes)
                                   : fmt::format("by signal {}", wish - kStop);
    fail(ExitCode::kStopped, "stopped {}, {} of {} steps done; {}", reason, step_, steps_,
         keeping_.folder.empty() ? "nothing of this run is kept, the same command starts it anew"
                                 : "the same command goes on from there");
  }

  void step() {
    const Stopwatch watch;
    const std::vector<std::size_t>& items = batches_[batch_];
    const double weight = objective_.weight(items);
    rate_ = learning_rate_at(config_, step_, steps_);
    world_.note(fmt::format("step {}", step_ + 1));
    TraceSpan span(trace_.get(), fmt::format("step {}", step_ + 1));
    for (int part = 0; part < config_.accumulate; ++part) accumulate(items, part, weight);
    update();

    weight_ += weight;
    outcome_.items += static_cast<std::int64_t>(items.size());
    items_here_ += static_cast<std::int64_t>(items.size());
    words_here_ += objective_.words(items);
    ++step_;
    ++batch_;
    if (++steps_here_ == kTracedSteps) end_trace();
    if (batch_ == batches_.size())
      require_finite_so_far();  // waits for the device, which belongs to the time
    outcome_.train_s += watch.seconds();
    here_s_ += watch.seconds();
    if (config_.log_every > 0 && step_ % config_.log_every == 0) log_window();
    if (batch_ == batches_.size()) finish_epoch();
  }

  LoopReport report() const {
    return {std::min(epoch_ + 1, config_.epochs),
            config_.epochs,
            step_,
            steps_,
            static_cast<double>(items_here_) / here_s_,
            static_cast<double>(words_here_) / here_s_,
            rate_,
            meters_};
  }

  LoopOutcome finish() {
    end_trace();
    outcome_.kept_epoch = epoch_;
    if (config_.select == "best" && !best_.empty()) {
      const torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < best_.size(); ++i) parameters_[i].tensor.detach().copy_(best_[i]);
      outcome_.kept_epoch = best_epoch_;
    }
    return std::move(outcome_);
  }

 private:
  /// Gradients of a part of the step's items are added to those of the parts before; with the last part they
  /// are reduced.
  void accumulate(std::span<const std::size_t> items, int part, double weight) {
    const auto parts = static_cast<std::size_t>(config_.accumulate);
    const std::size_t first = items.size() * static_cast<std::size_t>(part) / parts,
                      last = items.size() * static_cast<std::size_t>(part + 1) / parts;
    const bool is_last = part + 1 == config_.accumulate;
    if (first == last) return;  // not the last, which is never empty
    const Share share = share_of(items.subspan(first, last - first), world_);
    torch::manual_seed(stream_key(seed_, "dropout", static_cast<std::uint64_t>(step_),
                                  static_cast<std::uint64_t>(world_.rank()),
                                  static_cast<std::uint64_t>(part)));
    if (is_last) parallel_->prepare_forward();
    // Ranks average gradients: each gives its share of the global mean times the number of ranks.
    const double scale = share.weight * static_cast<double>(world_.size()) / weight;
    const ToldItems told = objective_.tell(share.items, epoch_);
    parts_.run(told.shape, with_factors(told.numbers, {scale, share.weight}),
               [this, shape = told.shape, is_last](const Tensor& numbers) {
                 add_gradients(shape, numbers, is_last);
               });
  }

  /// `numbers`: the items', then what their loss and their totals are multiplied with.
  void add_gradients(const std::vector<std::int64_t>& shape, const Tensor& numbers, bool is_last) {
    const std::int64_t of_items = numbers.numel() - kFactors;
    const Tensor factors = numbers.slice(0, of_items).view(torch::kFloat64);
    const LossSum sum = [&] {
      TraceSpan span(trace_.get(), "forward");
      return objective_.sum(shape, numbers.slice(0, 0, of_items));
    }();
    const Tensor loss = sum.loss * factors.select(0, 0).to(sum.loss.scalar_type());
    if (is_last) parallel_->prepare_backward(loss);
    {
      TraceSpan span(trace_.get(), "backward");
      loss.backward();
    }
    const torch::NoGradGuard no_grad;
    totals_M_.add_(sum.totals_M * factors.select(0, 1));
  }

  /// The reduced gradients, and so their norm, are equal on all ranks: they agree without being asked.
  void update() {
    if (device_.is_cpu() && recorder_ == nullptr) {
      fail_unless(std::isfinite(optimizer_.clip(config_.clip_norm).item<double>()));
      optimizer_.step(rate_);
      optimizer_.zero_gradients();
      return;
    }
    // Nobody waits for a device: whether all is finite is read at the end of the epoch.
    updates_.run({}, optimizer_.tell_step(rate_), [this](const Tensor& told) {
      const torch::NoGradGuard no_grad;
      not_finite_.logical_or_(optimizer_.clip(config_.clip_norm).isfinite().logical_not());
      optimizer_.take_told_step(told);
      optimizer_.zero_gradients();
    });
  }

  void fail_unless(bool finite) const {
    if (!finite)
      fail(ExitCode::kInternal,
           "the gradient is no longer finite at step {} (epoch {}); try a lower training.learning_rate",
           step_ + 1, epoch_ + 1);
  }
  void require_finite_so_far() const { fail_unless(!not_finite_.item<bool>()); }

  /// Totals of the epoch so far over all ranks, and their weight. Collective.
  std::vector<double> totals() const {
    const Tensor here = totals_M_.cpu();
    std::vector<double> sums(here.data_ptr<double>(), here.data_ptr<double>() + here.numel());
    world_.sum(sums);
    return sums;
  }

  void log_window() {
    require_finite_so_far();
    const std::vector<double> now = totals();
    std::vector<double> since = now;
    for (std::size_t i = 0; i < since.size() && i < logged_totals_.size(); ++i) since[i] -= logged_totals_[i];
    meters_ = objective_.describe(since, weight_ - logged_weight_);
    logged_totals_ = now;
    logged_weight_ = weight_;
    add_event({{"step", step_}, {"epoch", epoch_ + 1}, {"train", meters_}});
  }

  void finish_epoch() {
    require_finite_so_far();
    meters_ = objective_.describe(totals(), weight_);
    ++epoch_;
    Json entry = {{"epoch", epoch_}};
    entry.update(meters_);
    entry["learning_rate"] = rate_;
    if (objective_.observe) entry["model"] = objective_.observe();
    if (objective_.validate) judge(objective_.validate(epoch_ - 1), entry);
    outcome_.history.push_back(entry);
    Json event = {{"step", step_}, {"epoch", epoch_}, {"epoch_train", meters_}};
    for (const char* more : {"valid", "model"})
      if (entry.contains(more)) event[more] = entry[more];
    add_event(std::move(event));

    batch_ = 0;
    weight_ = logged_weight_ = 0;
    logged_totals_.clear();
    totals_M_.zero_();
    if (!is_done()) batches_ = objective_.batches(epoch_);
  }

  void judge(const HeldOutScore& found, Json& entry) {
    entry["valid"] = found.metrics;
    if (found.score >= best_score_) {
      best_score_ = found.score;
      best_epoch_ = epoch_;
      best_.clear();
      if (config_.select == "best")
        for (const NamedTensor& parameter : parameters_) best_.push_back(parameter.tensor.detach().clone());
    } else if (config_.patience > 0 && epoch_ - best_epoch_ > config_.patience) {
      outcome_.stopped_early = true;
    }
  }

  void add_event(Json event) {
    event["time_s"] = static_cast<double>(std::time(nullptr));
    event["memory_GiB"] = memory_use().resident_gib;
    event["learning_rate"] = rate_;
    const LoopReport now = report();
    event["items_per_s"] = now.items_per_s;
    event["words_per_s"] = now.words_per_s;
    log_->add(event);
    events_.push_back(std::move(event));
  }

  /// Collective.
  void end_trace() {
    if (!trace_) return;
    write_trace(world_, *trace_, config_.trace);
    trace_.reset();
  }

  std::filesystem::path checkpoints() const { return keeping_.folder / kCheckpointFolder; }

  std::vector<CheckpointFile> files(bool with_best) {
    std::vector<CheckpointFile> all = {{"weights.safetensors", parameters_, keeping_.metadata},
                                       {"moments.safetensors", moments_of(parameters_, optimizer_.state())}};
    if (with_best) all.push_back({"best.safetensors", like(parameters_, best_), keeping_.metadata});
    return all;
  }

  void keep() {
    if (keeping_.folder.empty() || step_ == kept_at_) return;
    require_finite_so_far();
    const Tensor here = totals_M_.cpu();
    const Json mine = std::vector<double>(here.data_ptr<double>(), here.data_ptr<double>() + here.numel());
    Json of_ranks = Json::array();
    for (const std::string& text : world_.gather(mine.dump())) of_ranks.push_back(Json::parse(text));
    if (world_.is_root()) {
      const Json state = {{"ranks", world_.size()},
                          {"epoch", epoch_},
                          {"batch", batch_},
                          {"optimizer_steps", optimizer_.state().steps},
                          {"totals", of_ranks},
                          {"weight", weight_},
                          {"logged_totals", logged_totals_},
                          {"logged_weight", logged_weight_},
                          {"items", outcome_.items},
                          {"train_s", outcome_.train_s},
                          {"history", outcome_.history},
                          {"events", events_},
                          {"best_epoch", best_epoch_},
                          {"best_score", best_epoch_ > 0 ? Json(best_score_) : Json()},
                          {"has_best", !best_.empty()}};
      write_checkpoint(checkpoints(), step_, keeping_.identity, state, files(!best_.empty()),
                       config_.checkpoints);
    }
    world_.barrier();
    kept_at_ = step_;
    since_kept_.restart();
  }

  void restore() {
    if (keeping_.folder.empty()) return;
    std::optional<FoundCheckpoint> found;
    std::string text;
    if (world_.is_root()) {
      found = newest_checkpoint(checkpoints(), keeping_.identity);
      if (found) text = Json{{"step", found->step}, {"state", found->state}}.dump();
    }
    text = world_.broadcast(std::move(text));
    if (text.empty()) return;
    const Json kept = Json::parse(text), &state = kept["state"];
    step_ = kept["step"];
    epoch_ = state["epoch"];
    batch_ = state["batch"];
    weight_ = state["weight"];
    logged_totals_ = state["logged_totals"].get<std::vector<double>>();
    logged_weight_ = state["logged_weight"];
    outcome_.items = state["items"];
    outcome_.train_s = state["train_s"];
    outcome_.history = state["history"];
    events_ = state["events"];
    best_epoch_ = state["best_epoch"];
    if (best_epoch_ > 0) best_score_ = state["best_score"];
    optimizer_.state().steps = state["optimizer_steps"].get<std::vector<std::int64_t>>();
    restore_totals(state);
    if (state["has_best"].get<bool>())
      for (const NamedTensor& parameter : parameters_) best_.push_back(torch::empty_like(parameter.tensor));
    for (const CheckpointFile& file : files(!best_.empty())) restore_tensors(world_, found, file);
    batches_ = objective_.batches(epoch_);
    if (world_.is_root()) log_info("going on after step {} of {}", step_, steps_);
  }

  /// Each rank takes up its own sums. Another number of ranks cannot: the first takes all.
  void restore_totals(const Json& state) {
    const int ranks = state["ranks"];
    std::vector<double> mine(static_cast<std::size_t>(objective_.meters), 0);
    if (ranks == world_.size()) {
      mine = state["totals"][static_cast<std::size_t>(world_.rank())].get<std::vector<double>>();
    } else if (world_.is_root()) {
      log_info(
          "the checkpoint was kept by {} ranks: on {} the run goes on with the same rows, but sums, and so "
          "weights, differ in their last bits from those of the undisturbed run",
          ranks, world_.size());
      for (const Json& rank : state["totals"])
        for (std::size_t i = 0; i < mine.size(); ++i) mine[i] += rank[i].get<double>();
    }
    totals_M_.copy_(torch::tensor(mine, torch::kFloat64));
  }

  const World& world_;
  const LoopConfig& config_;
  std::uint64_t seed_;
  const std::vector<NamedTensor>& parameters_;
  const Objective& objective_;
  const Keeping& keeping_;
  torch::Device device_;
  std::unique_ptr<Recorder>
      recorder_;  ///< before all that its stream works on; null where nothing is recorded
  Replayed parts_, updates_;
  AdamW optimizer_;
  std::shared_ptr<Trace> trace_;
  std::optional<DataParallel> parallel_;
  std::optional<RunLog> log_;

  // Where the loop stands.
  int epoch_ = 0;
  std::size_t batch_ = 0;
  std::int64_t step_ = 0;
  Tensor totals_M_;                    ///< of the epoch, on this rank
  Tensor not_finite_;                  ///< whether a gradient was, on a device
  double weight_ = 0;                  ///< of the epoch, over all ranks
  std::vector<double> logged_totals_;  ///< of the epoch, over all ranks, up to the last line of the log
  double logged_weight_ = 0;
  std::vector<std::vector<std::size_t>> batches_;
  std::int64_t steps_;
  double rate_ = 0;  ///< of the last step

  std::vector<Tensor> best_;
  double best_score_ = -std::numeric_limits<double>::infinity();
  int best_epoch_ = 0;
  LoopOutcome outcome_;
  Json events_ = Json::array(), meters_ = Json::object();

  Stopwatch since_start_, since_kept_;
  std::int64_t kept_at_ = 0;
  std::int64_t steps_here_ = 0, items_here_ = 0, words_here_ = 0;  ///< since this process began
  double here_s_ = 1e-9;
};

}  // namespace

LoopOutcome run_loop(const World& world, const LoopConfig& config, std::uint64_t seed,
                     const std::vector<NamedTensor>& parameters, const Objective& objective,
                     torch::Device device, const Keeping& keeping,
                     const std::function<void(const LoopReport&)>& report) {
  keep_freed_memory();
  at::set_num_threads(config.threads);
  Loop loop(world, config, seed, parameters, objective, device, keeping);
  while (!loop.is_done()) {
    loop.agree();
    loop.step();
    if (report) report(loop.report());
  }
  return loop.finish();
}

bool replays_steps(const LoopConfig& config, const World& world, torch::Device device) {
  // The reducer of several ranks starts its collectives from the host.
  return world.size() == 1 && (config.graphs == "on" || (config.graphs == "auto" && !device.is_cpu()));
}

std::int64_t most_items_at_once(const LoopConfig& config, const World& world) {
  const auto up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  return up(up(config.batch, config.accumulate), world.size());
}

void remove_checkpoints(const Keeping& keeping) {
  std::error_code ignored;
  if (!keeping.folder.empty()) std::filesystem::remove_all(keeping.folder / kCheckpointFolder, ignored);
}

}  // namespace mofi
