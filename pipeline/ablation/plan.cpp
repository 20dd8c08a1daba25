#include "ablation/plan.h"

#include <map>

#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/files.h"

namespace mofi {
namespace {

const char* name_of(PlannedRun::State state) {
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

std::vector<PlannedRun> plan_runs(const std::vector<Cell>& cells, const RunInputs& inputs,
                                  const std::filesystem::path& results) {
  std::map<std::string, std::string> weights_digests;  // each file is hashed once, not once a cell
  std::vector<PlannedRun> plan;
  for (const Cell& cell : cells) {
    RunConfig without_weights = cell.config;
    without_weights.training.weights.clear();
    auto digests = input_digests(without_weights, inputs);
    if (const std::string& weights = cell.config.training.weights; !weights.empty()) {
      auto& digest = weights_digests[weights];
      if (digest.empty()) digest = input_digests(cell.config, inputs).at("weights");
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

std::string count_states(const std::vector<PlannedRun>& plan) {
  std::map<PlannedRun::State, int> counts;
  for (const PlannedRun& run : plan) ++counts[run.state];
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name_of(state));
  return text;
}

Table plan_table(const std::vector<PlannedRun>& plan) {
  Table table;
  table.columns = {{"run", Align::kLeft}, {"state", Align::kLeft}, {"why", Align::kLeft}};
  for (const PlannedRun& run : plan) table.rows.push_back({run.id, name_of(run.state), run.reason});
  table.notes = {fmt::format("{} runs: {}.", plan.size(), count_states(plan))};
  return table;
}

}  // namespace mofi
