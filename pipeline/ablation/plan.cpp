#include "ablation/plan.h"

#include <map>
#include <set>

#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/files.h"
#include "training/dataset.h"

namespace mofi {
namespace {

void look_at_folder(PlannedRun& run) {
  using State = PlannedRun::State;
  if (!std::filesystem::exists(run.folder)) {
    run.state = State::kNew;
    run.reason = "no folder of this run yet";
    return;
  }
  if (!std::filesystem::exists(run.folder / kResultFile)) {
    const auto failure = run.folder / kFailureFile;
    const bool failed = std::filesystem::exists(failure);
    run.state = failed ? State::kFailed : State::kUnfinished;
    run.reason = failed ? "failed before: " + first_line(read_text(failure)) : "was begun but not finished";
    return;
  }
  try {
    const RunRecord record = read_run_record(run.folder);
    if (record.run_id != run.id)
      fail(ExitCode::kData, "its result is that of another run, {}", record.run_id);
    run.state = State::kDone;
    run.reason = "its result is there and verified";
  } catch (const Error& error) {
    run.state = State::kDamaged;
    run.reason = error.what();
  }
}

}  // namespace

const char* state_name(PlannedRun::State state) {
  switch (state) {
    case PlannedRun::State::kDone:
      return "done";
    case PlannedRun::State::kNew:
      return "new";
    case PlannedRun::State::kUnfinished:
      return "unfinished";
    case PlannedRun::State::kFailed:
      return "failed";
    case PlannedRun::State::kDamaged:
      return "damaged";
  }
  return "?";
}

void check_cells(const std::vector<Cell>& cells, const InputsOf& inputs) {
  std::set<std::string> checked;  // the seed and most of a config play no part in whether there are rows
  for (const Cell& cell : cells) {
    if (!checked
             .insert(fmt::format("{} {} {} {}", cell.music, config_to_json(cell.config.data).dump(),
                                 cell.config.injection.condition, cell.config.training.validates()))
             .second)
      continue;
    try {
      const RunInputs read = inputs(cell);
      make_dataset(*read.tokens, read.modes, cell.config);
    } catch (const Error& error) {
      if (cell.source.empty()) throw;
      throw Error(error.code(),
                  fmt::format("{}: {} cannot be run: {}", cell.source, cell.slug, error.what()));
    }
  }
}

std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const InputsOf& inputs,
                                  const std::filesystem::path& results) {
  std::map<std::string, std::string> weights_digests;  // each file is hashed once, not once a cell
  std::vector<PlannedRun> plan;
  for (const Cell& cell : cells) {
    RunConfig without_weights = cell.config;
    without_weights.training.weights.clear();
    const RunInputs read = inputs(cell);
    auto digests = input_digests(without_weights, read);
    if (const std::string& weights = cell.config.training.weights; !weights.empty()) {
      auto& digest = weights_digests[weights];
      if (digest.empty()) digest = input_digests(cell.config, read).at("weights");
      digests["weights"] = digest;
    }
    PlannedRun run;
    run.cell = &cell;
    run.id = run_id(cell, digests);
    run.folder = results / "runs" / run.id;
    look_at_folder(run);
    plan.push_back(std::move(run));
  }
  return plan;
}

void agree_on_states(const World& world, std::vector<PlannedRun>& plan) {
  std::string states;
  for (const PlannedRun& run : plan) states += static_cast<char>('0' + static_cast<int>(run.state));
  states = world.broadcast(states);
  if (states.size() != plan.size())
    fail(ExitCode::kInternal, "rank {} has planned {} runs, rank 0 {}", world.rank(), plan.size(),
         states.size());
  for (std::size_t i = 0; i < plan.size(); ++i)
    plan[i].state = static_cast<PlannedRun::State>(states[i] - '0');
}

std::string count_states(const std::vector<PlannedRun>& plan) {
  std::map<PlannedRun::State, int> counts;
  for (const PlannedRun& run : plan) ++counts[run.state];
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state_name(state));
  return text;
}

}  // namespace mofi
