#include "ablation/plan.h"

#include <algorithm>
#include <sstream>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/provenance.h"
#include "core/stopwatch.h"
#include "storage/artifact.h"
#include "storage/run_record.h"
#include "training/dataset.h"

namespace mofi {
namespace {

using State = PlannedRun::State;

constexpr const char* kDoneReason = "its result is there and verified";

/// "; goes on after epoch 2 of 10", as far as there is a checkpoint.
std::string where_it_goes_on(const PlannedRun& run, const std::optional<KeptCheckpoint>& checkpoint) {
  if (!checkpoint) return "";
  return fmt::format("; goes on after epoch {}{}", checkpoint->epoch,
                     run.epochs > 0 ? fmt::format(" of {}", run.epochs) : "");
}

void set(PlannedRun& run, State state, std::string reason) {
  run.state = state;
  run.reason = std::move(reason);
}

std::string made_by_newer(const std::string& what, const std::string& schema) {
  return fmt::format("{} is of schema {}, which a newer version of mofi writes: use that one", what, schema);
}

/// "an error: the gradient is no longer finite", as the end of a sentence.
std::string how_it_ended(const Attempt& attempt) {
  const std::string by = text_of(attempt.process);
  if (!attempt.end) return fmt::format("a crash: {} is gone", by);
  const AttemptEnd& end = *attempt.end;
  switch (end.kind) {
    case EndKind::kError:
      return "an error: " + first_line(end.text);
    case EndKind::kTimeout:
      return "a time-out: " + first_line(end.text);
    case EndKind::kCrash:
      return "a crash: " + first_line(end.text);
    case EndKind::kStopped:
      return "a stop: " + first_line(end.text);
    default:
      return name_of(end.kind);
  }
}

/// Of a run without a result, by what its attempts left.
void look_at_attempts(PlannedRun& run, const std::filesystem::path& results, const PlanOptions& options) {
  std::vector<Attempt> attempts = read_attempts(run.folder);
  const auto checkpoint = kept_checkpoint(run.folder);
  if (!attempts.empty()) run.attempts = attempts.back().number;
  if (checkpoint && !checkpoint->newer_schema.empty())
    return set(run, State::kNewer, made_by_newer("its checkpoint", checkpoint->newer_schema));
  if (attempts.empty())
    return set(run, State::kResume,
               checkpoint ? where_it_goes_on(run, checkpoint).substr(2) : "was begun but not finished");

  Attempt& newest = attempts.back();
  if (!newest.newer_schema.empty())
    return set(run, State::kNewer, made_by_newer("its last attempt", newest.newer_schema));
  if (!newest.end) {
    const Life life = life_of(newest.process);
    if (life != Life::kDead)
      return set(
          run, State::kRunning,
          fmt::format("attempt {}, {}, since {}", newest.number, text_of(newest.process), newest.began));
    newest.end = verdict_on(results, newest);
  }
  if (newest.end->kind == EndKind::kReset)
    return set(run, State::kRetry, "was asked for again" + where_it_goes_on(run, checkpoint));
  const int failures = failures_of(attempts);
  const std::string how = how_it_ended(newest);
  if (newest.end->kind == EndKind::kStopped || newest.end->kind == EndKind::kLost)
    return set(run, State::kResume,
               checkpoint ? where_it_goes_on(run, checkpoint).substr(2)
                          : fmt::format("from the start, after {}", how));
  if (options.max_attempts > 0 && failures >= options.max_attempts && !options.rerun.contains("failed") &&
      !options.rerun.contains("all"))
    return set(run, State::kGivenUp, fmt::format("after {} attempts, the last with {}", failures, how));
  set(run, State::kRetry,
      fmt::format("attempt {} after {}{}", newest.number + 1, how, where_it_goes_on(run, checkpoint)));
}

/// The schema of result.json where it is newer than what this program knows; else empty.
std::string newer_result_schema(const std::filesystem::path& folder) try {
  const Json json = Json::parse(read_text(folder / kResultFile));
  const auto schema = json.at("schema").get<std::string>();
  return is_newer_schema(schema, kResultSchema) ? schema : "";
} catch (const std::exception&) {
  return "";
}

void look_at_damage(PlannedRun& run, const std::string& damage) {
  const auto attempts = read_attempts(run.folder);
  if (!attempts.empty()) run.attempts = attempts.back().number;
  if (const std::string schema = newer_result_schema(run.folder); !schema.empty())
    return set(run, State::kNewer, made_by_newer("its result", schema));
  if (!attempts.empty() && !attempts.back().end && life_of(attempts.back().process) != Life::kDead)
    return set(run, State::kRunning,
               fmt::format("attempt {}, {}, since {}; the result that is there is damaged",
                           attempts.back().number, text_of(attempts.back().process), attempts.back().began));
  set(run, State::kDamaged, damage);
}

void look_at_folder(PlannedRun& run, Ledger& ledger, const std::filesystem::path& results,
                    const PlanOptions& options) {
  try {
    const DoneRun* done = ledger.find(run.id);
    if (done == nullptr) return look_at_attempts(run, results, options);
    set(run, State::kDone, kDoneReason);
    if (options.rerun.contains("all"))
      run.reason = "is done, and asked for once more";
    else if (options.rerun.contains("code") && done->producer != producer())
      run.reason = fmt::format("was done by {}, and this is {}", done->producer, producer());
    else
      return;
    run.again = true;
    if (const auto attempts = read_attempts(run.folder); !attempts.empty())
      run.attempts = attempts.back().number;
  } catch (const Error& error) {
    look_at_damage(run, error.what());
  }
}

/// "tokens (0123456789ab there, ba9876543210 now)" for every input that differs.
std::string differing_inputs(const std::string& there, const InputDigests& now) {
  InputDigests before;
  for (std::size_t at = 0; at < there.size();) {
    const auto end = std::min(there.find(' ', at), there.size()), equals = there.find('=', at);
    if (equals < end) before[there.substr(at, equals - at)] = there.substr(equals + 1, end - equals - 1);
    at = end + 1;
  }
  std::string text;
  const auto add = [&](const std::string& name, const std::string& old, const std::string& current) {
    text += fmt::format("{}{} ({:.8} there, {:.8} now)", text.empty() ? "" : ", ", name, old, current);
  };
  for (const auto& [name, digest] : now) {
    const auto found = before.find(name);
    if (found == before.end())
      add(name, "none", digest);
    else if (found->second != short_digest(digest))
      add(name, found->second, digest);
  }
  for (const auto& [name, digest] : before)
    if (!now.contains(name)) add(name, digest, "none");
  return text;
}

/// New runs whose config was done with other inputs. Costs next to nothing where all results are the plan's
/// own.
void look_for_stale_inputs(std::vector<PlannedRun>& plan, Ledger& ledger) {
  std::unordered_set<std::string_view> of_plan, new_slugs;
  for (const PlannedRun& run : plan) {
    of_plan.insert(run.id);
    if (run.state == State::kNew) new_slugs.insert(run.cell->slug);
  }
  if (new_slugs.empty()) return;
  for (const std::string& folder : ledger.folders()) {  // of the same slug, for results not looked at yet
    if (of_plan.contains(folder) ||
        !new_slugs.contains(std::string_view(folder).substr(0, folder.rfind('-'))))
      continue;
    try {
      ledger.find(folder);
    } catch (const Error&) {
      continue;  // is no result
    }
  }
  std::map<std::string_view, const std::pair<const std::string, DoneRun>*> by_config;
  for (const auto& other : ledger.known())
    if (!of_plan.contains(other.first)) by_config.emplace(other.second.config, &other);
  if (by_config.empty()) return;
  for (PlannedRun& run : plan) {
    if (run.state != State::kNew) continue;
    const std::string config = short_digest(digest_of(*run.cell));
    const auto other = by_config.find(config);
    if (other == by_config.end()) continue;
    set(run, State::kStale,
        fmt::format("{} was done with other {}", other->second->first,
                    differing_inputs(other->second->second.inputs, *run.inputs)));
  }
}

/// A sweep that gets another axis names its runs otherwise, but they are the same: runs that have a folder
/// under another name keep that.
void keep_names(std::vector<PlannedRun>& plan, const Ledger& ledger) {
  std::unordered_map<std::string, std::string> named;  // identity → folder
  for (const std::string& folder : ledger.folders()) named.emplace(identity_of(folder), folder);
  for (PlannedRun& run : plan) {
    if (ledger.has_folder(run.id)) continue;
    const auto other = named.find(identity_of(run.id));
    if (other == named.end()) continue;
    run.id = other->second;
    run.folder = run.folder.parent_path() / run.id;
  }
}

}  // namespace

const char* state_name(State state) {
  switch (state) {
    case State::kDone:
      return "done";
    case State::kNew:
      return "new";
    case State::kResume:
      return "resume";
    case State::kRetry:
      return "retry";
    case State::kStale:
      return "stale input";
    case State::kDamaged:
      return "damaged";
    case State::kRunning:
      return "running";
    case State::kGivenUp:
      return "given up";
    case State::kNewer:
      return "newer version";
  }
  return "?";
}

void check_cells(const std::vector<Cell>& cells, const InputsOf& inputs) {
  std::set<std::tuple<const TokenTable*, const ModeTable*, std::string>> checked;
  for (const Cell& cell : cells) {
    // The seed and most of a config play no part in whether there are rows.
    const RunInputs of_cell = inputs(cell);
    const std::string rows = fmt::format("{} {} {}", config_to_json(cell.config.data).dump(),
                                         cell.config.injection.condition, cell.config.training.validates());
    if (!checked.insert({of_cell.tokens, of_cell.modes, rows}).second) continue;
    try {
      make_dataset(*of_cell.tokens, of_cell.modes, cell.config, of_cell.features);
    } catch (const Error& error) {
      if (cell.source.empty()) throw;
      throw Error(error.code(),
                  fmt::format("{}: {} cannot be run: {}", cell.source, cell.slug, error.what()));
    }
  }
}

std::vector<PlannedRun> name_runs(const std::vector<Cell>& cells, const InputsOf& inputs,
                                  const std::filesystem::path& results) {
  // Every file is hashed once, not once a cell, and equal digests are there once.
  using Read = std::tuple<const TokenTable*, const ModeTable*, const FeatureTable*, std::string>;
  std::map<Read, std::shared_ptr<const InputDigests>> digests;
  const auto runs = results / "runs";
  std::vector<PlannedRun> plan;
  plan.reserve(cells.size());
  for (const Cell& cell : cells) {
    const RunInputs of_cell = inputs(cell);
    auto& known = digests[{of_cell.tokens, of_cell.modes, of_cell.features, cell.config.training.weights}];
    if (!known) known = std::make_shared<const InputDigests>(input_digests(cell.config, of_cell));
    PlannedRun run;
    run.cell = &cell;
    run.id = run_id(cell, *known);
    run.epochs = cell.config.training.epochs;
    run.folder = runs / run.id;
    run.inputs = known;
    plan.push_back(std::move(run));
  }
  return plan;
}

void look_at_folders(std::vector<PlannedRun>& plan, Ledger& ledger, const PlanOptions& options) {
  if (plan.empty()) return;
  const std::filesystem::path results = plan[0].folder.parent_path().parent_path();
  std::optional<ProgressBar> bar;  // where it takes so long that somebody may ask
  const Stopwatch watch;
  std::int64_t looked_at = 0;
  for (PlannedRun& run : plan) {
    run.again = false;
    run.attempts = 0;
    if (ledger.has_folder(run.id))
      look_at_folder(run, ledger, results, options);
    else
      set(run, State::kNew, "no folder of this run yet");
    if (++looked_at % 64 != 0 || watch.seconds() < 2) continue;
    if (!bar) bar.emplace("plan", "runs looked at", static_cast<std::int64_t>(plan.size()), false, looked_at);
    bar->update(looked_at);
  }
}

void look_at_runs(std::vector<PlannedRun>& plan, Ledger& ledger, const PlanOptions& options) {
  look_at_folders(plan, ledger, options);
  look_for_stale_inputs(plan, ledger);
}

std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const InputsOf& inputs, Ledger& ledger,
                                  const PlanOptions& options) {
  std::vector<PlannedRun> plan = name_runs(cells, inputs, ledger.results());
  keep_names(plan, ledger);
  look_at_runs(plan, ledger, options);
  ledger.save();
  return plan;
}

std::vector<PlannedRun> plan_runs(const World& world, const std::vector<Cell>& cells, const InputsOf& inputs,
                                  Ledger& ledger, const PlanOptions& options) {
  if (world.is_root() && world.size() == 1) return plan_runs(cells, inputs, ledger, options);
  std::string states;
  std::vector<PlannedRun> plan;
  if (world.is_root()) {
    plan = plan_runs(cells, inputs, ledger, options);
    for (const PlannedRun& run : plan)
      states +=
          fmt::format("{} {} {} {} ", run.id, static_cast<int>(run.state), run.attempts, run.again ? 1 : 0);
  } else {
    plan = name_runs(cells, inputs, ledger.results());
  }
  std::istringstream told(world.broadcast(std::move(states)));
  for (PlannedRun& run : plan) {
    int state = -1, again = 0;
    told >> run.id >> state >> run.attempts >> again;
    if (!told)
      fail(ExitCode::kInternal, "rank {} has planned {} runs, rank 0 fewer", world.rank(), plan.size());
    run.folder = run.folder.parent_path() / run.id;
    run.state = static_cast<State>(state);
    run.again = again != 0;
  }
  return plan;
}

std::string count_states(const std::vector<PlannedRun>& plan) {
  std::map<State, int> counts;
  int again = 0;
  for (const PlannedRun& run : plan) ++(run.again ? again : counts[run.state]);
  std::string text;
  const auto add = [&](int count, const char* name) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  };
  for (const auto& [state, count] : counts) add(count, state_name(state));
  if (again > 0) add(again, "to be done again");
  return text;
}

TimeEstimate estimate(const std::vector<PlannedRun>& plan, const MeasuredTimes& times) {
  TimeEstimate estimate;
  for (const PlannedRun& run : plan) {
    if (!run.is_to_do()) continue;
    ++estimate.runs;
    if (times.empty()) continue;
    const auto known = times.find(run.cell != nullptr ? shape_of(run.cell->config, *run.inputs) : run.shape);
    if (known == times.end()) continue;
    ++estimate.measured;
    estimate.seconds.push_back(known->second);
  }
  return estimate;
}

std::string text_of(const TimeEstimate& estimate) {
  if (estimate.measured == 0) return "";
  std::string text = fmt::format("about {} on one rank", readable_duration(time_on(estimate.seconds, 1)));
  for (int ranks = 2; ranks <= 64 && ranks <= estimate.measured; ranks *= 2)
    text += fmt::format(", {} on {}", readable_duration(time_on(estimate.seconds, ranks)), ranks);
  if (estimate.measured < estimate.runs)
    text += fmt::format("; {} more runs are like none that was measured", estimate.runs - estimate.measured);
  return text;
}

}  // namespace mofi
