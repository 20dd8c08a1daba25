#include "ablation/overview.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>

#include "ablation/jobs.h"
#include "ablation/remembered_plan.h"
#include "ablation/under_way.h"
#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/terminal.h"
#include "storage/run_record.h"
#include "training/checkpoint_schema.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;
using State = Overview::State;
using Kind = Overview::Kind;

constexpr int kDeepest = 4;              // folders below the one that was named
constexpr double kSilence = 300;         // s; a training writes a line of its log more often than that
constexpr double kRateFrom = 3;          // runs that tell a rate
constexpr std::streamoff kTail = 65536;  // bytes of a log that are looked at for its last line
constexpr const char* kEvents = "events.jsonl";
constexpr const char* kPretrained = "pretraining.json";

/// Where runs or their parts are, and no results of their own.
const std::set<std::string> kNotEntered = {"runs",  kJobsFolder, kCheckpointFolder, "tables",
                                           "plots", "inputs",    "submissions"};

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

/// Seconds since the file was last written, by the clocks of this machine and of the file system.
std::optional<double> age_of(const fs::path& file) {
  std::error_code error;
  const auto written = fs::last_write_time(file, error);
  if (error) return std::nullopt;
  return std::max(0.0, std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count());
}

/// Of "2026-01-31T12:00:00Z"; none of anything else.
std::optional<std::time_t> time_of(const std::string& utc) {
  std::tm parts{};
  const char* end = strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

// ---- sweeps ----

/// What is asked for, and what else is being done in the same folder.
std::vector<PlannedRun> runs_in(const fs::path& results, const Ledger& ledger, bool& knows_plan) {
  auto plan = remembered_plan(results);
  knows_plan = plan.has_value();
  if (plan) return std::move(*plan);
  std::vector<std::string> names(ledger.folders().begin(), ledger.folders().end());
  std::ranges::sort(names);
  std::vector<PlannedRun> runs(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    runs[i].id = names[i];
    runs[i].folder = results / "runs" / names[i];
  }
  return runs;
}

/// Processes at work in the folder, between two runs, too, and when the first of them began.
struct Workers {
  int count = 0;
  std::set<std::string> hosts;
  std::optional<std::time_t> began;
  std::optional<double> silent_s;  ///< the one that spoke last
};
Workers workers_in(const fs::path& results) {
  Workers workers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(results / kJobsFolder, none)) {
    const auto job = read_job(entry.path());
    if (!job || life_of(job->process) == Life::kDead) continue;
    ++workers.count;
    workers.hosts.insert(job->process.host);
    if (const auto began = time_of(job->began); began && (!workers.began || *began < *workers.began))
      workers.began = began;
    if (const auto age = age_of(entry.path()); age && (!workers.silent_s || *age < *workers.silent_s))
      workers.silent_s = age;
  }
  return workers;
}

/// Runs an hour since the workers began, and what is left by it or, until it is known, by measured times.
void estimate_left(Overview& sweep, const std::vector<PlannedRun>& plan, const Ledger& ledger,
                   const Workers& workers) {
  const int left = sweep.runs - sweep.done;
  if (workers.began) {
    const std::int64_t since_ns = std::int64_t{*workers.began} * 1'000'000'000;
    double finished = 0;
    for (const PlannedRun& run : plan)
      if (const auto done = ledger.known().find(run.id); run.state == PlannedRun::State::kDone &&
                                                         done != ledger.known().end() &&
                                                         done->second.result.changed_ns >= since_ns)
        ++finished;
    const double elapsed_s = std::difftime(std::time(nullptr), *workers.began);
    if (finished >= std::max<double>(kRateFrom, workers.count) && elapsed_s > 0) {
      sweep.per_hour = finished / elapsed_s * 3600;
      sweep.left_s = left / *sweep.per_hour * 3600;
      return;
    }
  }
  std::vector<PlannedRun> still = plan;  // those that are being done take their time, too
  for (PlannedRun& run : still)
    if (run.state == PlannedRun::State::kRunning) run.state = PlannedRun::State::kResume;
  const TimeEstimate time = estimate(still, measured_times(ledger));
  if (time.runs > 0 && time.measured == time.runs)
    sweep.left_s = time_on(time.seconds, std::max(1, sweep.running));
}

Overview sweep_in(const fs::path& results) {
  Overview sweep{.folder = results};
  Ledger ledger(results);
  std::vector<PlannedRun> plan = runs_in(results, ledger, sweep.knows_plan);
  look_at_folders(plan, ledger);
  ledger.save();
  sweep.runs = static_cast<int>(plan.size());
  for (const PlannedRun& run : plan) {
    if (run.state == PlannedRun::State::kRunning) {
      const UnderWay now = under_way(run, results);
      if (sweep.running++ == 0)
        sweep.doing = fmt::format("{}{}{}", run.id, now.text().empty() ? "" : ": ", now.text());
      sweep.hosts.insert(now.attempt.process.host);
    } else if (run.has_failed()) {
      if (sweep.failed++ == 0) sweep.first_failure = run.id + ": " + run.reason;
    } else {
      ++(run.is_done() ? sweep.done : sweep.to_do);
    }
  }
  const Workers workers = workers_in(results);
  sweep.hosts.insert(workers.hosts.begin(), workers.hosts.end());
  if (sweep.running > 0 || workers.count > 0)
    sweep.state = State::kRunning;
  else if (sweep.failed > 0)
    sweep.state = State::kFailed;
  else
    sweep.state = sweep.to_do > 0 ? State::kUnfinished : State::kDone;
  if (sweep.state == State::kRunning) {
    estimate_left(sweep, plan, ledger, workers);
    sweep.silent_s = workers.silent_s;
  }
  return sweep;
}

// ---- one training ----

/// Of a log with a JSON value a line; null without one.
Json last_event(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return nullptr;
  const std::streamoff size = stream.tellg();
  stream.seekg(std::max<std::streamoff>(0, size - kTail));
  Json last;
  for (std::string line; std::getline(stream, line);)
    if (Json json = Json::parse(line, nullptr, false); json.is_object()) last = std::move(json);
  return last;
}

/// "step 120, epoch 3, 11.2 rows/s".
std::string doing_of(const Json& event) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto number = [&](const char* key) {
    return event.is_object() && event.contains(key) && event[key].is_number();
  };
  if (number("step")) add(fmt::format("step {}", event["step"].get<std::int64_t>()));
  if (number("epoch")) add(fmt::format("epoch {}", event["epoch"].get<std::int64_t>()));
  if (number("items_per_s")) add(fmt::format("{:.3g} rows/s", event["items_per_s"].get<double>()));
  return text;
}

/// Trainings alone in a folder have no file that says who is at work; their log says whether somebody is.
Overview training_in(const fs::path& folder, Kind kind, bool is_done) {
  Overview training{.folder = folder, .kind = kind, .runs = 1};
  if (is_done) {
    training.done = 1;
    return training;
  }
  training.doing = doing_of(last_event(folder / kEvents));
  const auto age = age_of(folder / kEvents);
  if (age && *age < kSilence) {
    training.state = State::kRunning;
    training.running = 1;
    training.silent_s = age;
  } else {
    training.state = State::kUnfinished;
    training.to_do = 1;
  }
  return training;
}

void look_into(const fs::path& folder, int depth, std::vector<Overview>& found) {
  std::error_code none;
  if (fs::is_directory(folder / "runs", none) || is_there(folder / kPlanFile))
    found.push_back(sweep_in(folder));
  else if (is_there(folder / kPretrained))
    found.push_back(training_in(folder, Kind::kPretraining, true));
  else if (is_there(folder / kResultFile))
    found.push_back(training_in(folder, Kind::kRun, true));
  else if (is_there(folder / kCheckpointFolder) || is_there(folder / kEvents))
    found.push_back(training_in(folder, Kind::kRun, false));
  if (depth == 0) return;
  std::vector<fs::path> below;
  for (const auto& entry :
       fs::directory_iterator(folder, fs::directory_options::skip_permission_denied, none)) {
    const std::string name = entry.path().filename().string();
    if (name.front() != '.' && !kNotEntered.contains(name) && !entry.is_symlink(none) &&
        entry.is_directory(none))
      below.push_back(entry.path());
  }
  std::ranges::sort(below);
  for (const fs::path& path : below) look_into(path, depth - 1, found);
}

// ---- what is told of it ----

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The rest of a line: the newest, and what somebody has to look at.
std::string remark(const Overview& one) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  };
  if (!one.hosts.empty()) add("on " + joined(one.hosts));
  add(one.doing);
  if (one.state == State::kRunning && one.silent_s && *one.silent_s > 2 * kLease)
    add("no sign of life for " + readable_duration(*one.silent_s));
  if (!one.first_failure.empty()) add("failed first: " + one.first_failure);
  if (one.kind == Kind::kSweep && !one.knows_plan) add("which runs are asked for, only its config tells");
  return text;
}

/// What 8-colour terminals have: done green, running cyan, failed red, unfinished yellow.
const char* colour_of(State state) {
  switch (state) {
    case State::kRunning:
      return "\033[36m";
    case State::kFailed:
      return "\033[31m";
    case State::kUnfinished:
      return "\033[33m";
    case State::kDone:
      return "\033[32m";
  }
  return "";
}

}  // namespace

const char* name_of(Kind kind) {
  if (kind == Kind::kSweep) return "sweep";
  return kind == Kind::kPretraining ? "pre-training" : "run";
}

const char* name_of(State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kFailed:
      return "failed";
    case State::kUnfinished:
      return "unfinished";
    case State::kDone:
      return "done";
  }
  return "?";
}

std::vector<Overview> overviews(const fs::path& folder) {
  std::error_code none;
  if (!fs::is_directory(folder, none))
    fail(ExitCode::kMissing, "{}: no such folder; name the folders that hold results: mofi status DIR ...",
         folder.string());
  std::vector<Overview> found;
  look_into(folder, kDeepest, found);
  return found;
}

std::string overview_text(const std::vector<Overview>& all, int columns, bool colours) {
  std::vector<std::vector<std::string>> rows = {
      {"state", "results", "kind", "done", "running", "failed", "to do", "an hour", "left", ""}};
  const auto number = [](int count) { return count > 0 ? std::to_string(count) : std::string("–"); };
  for (const Overview& one : all)
    rows.push_back({name_of(one.state), one.folder.string(), name_of(one.kind),
                    fmt::format("{}/{}", one.done, one.runs), number(one.running), number(one.failed),
                    number(one.to_do), one.per_hour ? fmt::format("{:.3g}", *one.per_hour) : "–",
                    one.left_s ? readable_duration(*one.left_s) : "–", remark(one)});
  std::istringstream lines(aligned(rows, "lllrrrrrrl"));
  std::string text;
  std::size_t row = 0;
  for (std::string line; std::getline(lines, line); ++row) {
    if (columns > 0) line = cut(line, columns - 1);
    if (colours && row > 0) {
      const std::string state = name_of(all[row - 1].state);
      if (const auto at = line.find(state); at != std::string::npos)
        line.replace(at, state.size(), colour_of(all[row - 1].state) + state + "\033[0m");
    }
    text += line + "\n";
  }
  return text;
}

Json to_json(const std::vector<Overview>& all) {
  Json results = Json::array();
  const auto or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  for (const Overview& one : all)
    results.push_back({{"folder", one.folder.string()},
                       {"kind", name_of(one.kind)},
                       {"state", name_of(one.state)},
                       {"runs", one.runs},
                       {"done", one.done},
                       {"running", one.running},
                       {"failed", one.failed},
                       {"to_do", one.to_do},
                       {"knows_plan", one.knows_plan},
                       {"hosts", one.hosts},
                       {"runs_per_hour", or_null(one.per_hour)},
                       {"left_s", or_null(one.left_s)},
                       {"silent_s", or_null(one.silent_s)},
                       {"doing", one.doing},
                       {"first_failure", one.first_failure}});
  return {{"schema", "mofi-status/1"}, {"results", results}};
}

}  // namespace mofi
