#include "print_plan.h"

#include <fmt/core.h>

#include <algorithm>

#include "ablation/under_way.h"
#include "report/table.h"

namespace mofi {
namespace {

using State = PlannedRun::State;

std::string counts_of(const std::vector<PlannedRun>& plan) {
  return fmt::format("{} runs: {}", plan.size(), count_states(plan));
}

Json json_of(const PlannedRun& run, const std::filesystem::path& results) {
  Json json = {{"run", run.id}, {"state", state_name(run.state)}, {"why", run.reason}};
  if (run.attempts > 0) json["attempts"] = run.attempts;
  if (run.state != State::kRunning) return json;
  const UnderWay now = under_way(run, results);
  json["host"] = now.attempt.process.host;
  json["pid"] = now.attempt.process.pid;
  json["since"] = now.attempt.began;
  json["epoch"] = now.epoch;
  json["doing"] = now.doing;
  return json;
}

void print_tsv(const std::vector<PlannedRun>& plan, const std::filesystem::path& results) {
  fmt::print("run\tstate\tattempts\thost\tpid\tsince\tepoch\tdoing\twhy\n");
  for (const PlannedRun& run : plan) {
    const bool is_running = run.state == State::kRunning;
    const UnderWay now = is_running ? under_way(run, results) : UnderWay{};
    std::string why = run.reason;
    std::ranges::replace(why, '\t', ' ');
    fmt::print("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", run.id, state_name(run.state), run.attempts,
               now.attempt.process.host, is_running ? std::to_string(now.attempt.process.pid) : "",
               now.attempt.began, now.epoch, now.doing, why);
  }
}

}  // namespace

void print_plan(const std::vector<PlannedRun>& plan, const Ledger& ledger) {
  Table table;
  table.columns = {{"run", Align::kLeft}, {"state", Align::kLeft}, {"why", Align::kLeft}};
  for (const PlannedRun& run : plan) table.rows.push_back({run.id, state_name(run.state), run.reason});
  table.notes = {counts_of(plan) + "."};
  const std::string time = text_of(estimate(plan, measured_times(ledger)));
  if (!time.empty()) table.notes.push_back("What is left takes " + time + ".");
  fmt::print("{}", to_terminal(table));
}

void print_status(const std::vector<PlannedRun>& plan, const std::filesystem::path& results,
                  const std::string& format) {
  if (format == "tsv") return print_tsv(plan, results);
  if (format == "json") {
    Json runs = Json::array();
    for (const PlannedRun& run : plan) runs.push_back(json_of(run, results));
    fmt::print("{}\n", Json{{"counts", count_states(plan)}, {"runs", runs}}.dump(
                           1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  fmt::print("{}\n", counts_of(plan));
  Table running;
  running.columns = {{"running", Align::kLeft}, {"attempt", Align::kRight}, {"host", Align::kLeft},
                     {"pid", Align::kRight},    {"since", Align::kLeft},    {"epoch", Align::kLeft},
                     {"doing", Align::kLeft}};
  Table failed;
  failed.columns = {{"failed", Align::kLeft}, {"state", Align::kLeft}, {"why", Align::kLeft}};
  for (const PlannedRun& run : plan) {
    if (run.has_failed()) failed.rows.push_back({run.id, state_name(run.state), run.reason});
    if (run.state != State::kRunning) continue;
    const UnderWay now = under_way(run, results);
    running.rows.push_back({run.id, std::to_string(now.attempt.number), now.attempt.process.host,
                            std::to_string(now.attempt.process.pid), now.attempt.began, now.epoch,
                            now.doing});
  }
  for (const Table* table : {&running, &failed})
    if (!table->rows.empty()) fmt::print("\n{}", to_terminal(*table));
}

}  // namespace mofi
