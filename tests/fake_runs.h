#pragma once
// A sweep whose runs take milliseconds: what they find depends on their config alone, as it does with a
// training, and they can be slow, fail, be stopped and go on.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "ablation/execute.h"
#include "core/error.h"
#include "core/files.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "small_corpus.h"
#include "training/checkpoint_schema.h"
#include "unit/synthetic_runs.h"

namespace mofi {

/// `runs` cells: conditions at sites, with as many seeds as it takes.
inline std::vector<Cell> fake_cells(int runs) {
  std::vector<Cell> cells;
  for (int i = 0; i < runs; ++i) {
    RunConfig config = small_run();
    config.injection.condition = i % 4 == 0 ? "none" : i % 4 == 1 ? "constant" : "mode";
    config.injection.site = i % 4 == 3 ? 1 : 0;
    config.seed = static_cast<std::uint64_t>(i / 4) + 1;
    cells.push_back({config, slug_of(config), ""});
  }
  return cells;
}

/// The inputs of fake runs, and their plan.
struct FakeSweep {
  TokenTable tokens = small_corpus(4);
  RunInputs inputs{&tokens, nullptr};
  std::vector<Cell> cells;
  std::filesystem::path results;

  FakeSweep(int runs, std::filesystem::path folder) : cells(fake_cells(runs)), results(std::move(folder)) {}
  InputsOf inputs_of() const {
    return [this](const Cell&) { return inputs; };
  }
  std::vector<PlannedRun> plan(const PlanOptions& options = {}) const {
    Ledger ledger(results);
    return plan_runs(cells, inputs_of(), ledger, options);
  }
};

/// Adds a line to a file that any number of processes add lines to.
inline void add_line(const std::filesystem::path& file, const std::string& line) {
  const int log = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const std::string text = line + "\n";
  if (log < 0 || ::write(log, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw Error(ExitCode::kMissing, file.string() + ": cannot be written");
  ::close(log);
}

inline RunResult fake_result(const RunConfig& config) {
  SyntheticRun run;
  run.condition = config.injection.condition;
  run.site = config.injection.site;
  run.seed = static_cast<std::int64_t>(config.seed);
  RunResult result;
  result.predictions = synthetic_predictions(run);
  result.metrics = {{"test", {{"rows", 48}, {"correct", 24}, {"accuracy", 0.5}}}};
  result.history = Json::array({{{"epoch", 1}, {"loss", 1.25}, {"learning_rate", 5e-4}}});
  result.timing = {{"train_s", 0.005}, {"total_s", 0.01}, {"rows_per_s", 9600}};
  return result;
}

struct FakeRuns {
  double seconds = 0;
  std::filesystem::path log;  ///< "began ID", "ended ID"; empty: none
  std::function<void(const PlannedRun&)> before =
      nullptr;  ///< throws, or ends the process, where it should fail

  RunResult operator()(const World& ranks, const PlannedRun& run, double timeout_s) const {
    if (!log.empty() && ranks.is_root()) add_line(log, "began " + run.id);
    if (!log.empty() && ranks.is_root() && std::filesystem::exists(run.folder / kResultFile) && !run.again)
      add_line(log, "again " + run.id);
    if (before) before(run);
    const Stopwatch watch;
    constexpr int kOver = 1, kLate = 2, kTold = 3;
    for (int wish = 0; seconds > 0 && wish != kOver;) {
      ranks.note("step 1");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      wish = requested_stop() != 0 ? kTold : watch.seconds() > timeout_s ? kLate : 0;
      if (wish == 0 && watch.seconds() >= seconds) wish = kOver;
      wish = ranks.maximum(wish);
      if (wish <= kOver) continue;
      if (ranks.is_root()) keep(run);
      fail(ExitCode::kStopped, "stopped {}, 1 of 2 steps done; the same command goes on from there",
           wish == kLate ? "as its time was over" : "by a signal");
    }
    if (!log.empty() && ranks.is_root()) add_line(log, "ended " + run.id);
    return fake_result(run.cell->config);
  }

  static void keep(const PlannedRun& run) {
    const Json state = {{"schema", kCheckpointSchema}, {"state", {{"epoch", 1}}}};
    write_atomically(run.folder / kCheckpointFolder / "step_000000001" / "checkpoint.json", state.dump());
  }
};

}  // namespace mofi
