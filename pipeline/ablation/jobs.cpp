#include "ablation/jobs.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/provenance.h"
#include "core/stop.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

using std::chrono::duration;

/// Whoever ends a job tells all of its processes to stop, and kills them a second later: there is not much
/// time to write down that they were told to.
constexpr double kStopPoll = 0.1;

}  // namespace

std::filesystem::path job_file(const std::filesystem::path& results, const ProcessId& process) {
  return results / kJobsFolder /
         fmt::format("{}-{}-{}.json", process.host, process.pid,
                     sha256_of_text(to_json(process).dump()).substr(0, 8));
}

std::optional<JobState> read_job(const std::filesystem::path& file) try {
  const Json json = Json::parse(read_text(file));
  if (json.at("schema") != kJobSchema) return std::nullopt;
  return JobState{process_from_json(json.at("process")), json.at("began").get<std::string>(),
                  json.at("beats").get<std::int64_t>(),  json.at("told_to_stop").get<int>(),
                  json.at("run").get<std::string>(),     json.at("doing").get<std::string>()};
} catch (const Error&) {
  return std::nullopt;
} catch (const Json::exception&) {
  return std::nullopt;
}

Heartbeat::Heartbeat(std::filesystem::path results, double interval_s)
    : file_(job_file(results, this_process())), interval_s_(interval_s) {
  remove_abandoned_temporaries(file_.parent_path());
  state_.process = this_process();
  state_.began = utc_now();
  write();
  thread_ = std::thread([this] { beat_on(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void Heartbeat::set_run(const std::string& id) {
  const std::lock_guard lock(mutex_);
  state_.run = id;
}

void Heartbeat::beat_on() {
  std::unique_lock lock(mutex_);
  Stopwatch since_written;
  bool has_failed = false;
  while (!wake_.wait_for(lock, duration<double>(std::min(kStopPoll, interval_s_)),
                         [this] { return closing_; })) {
    const bool is_told = requested_stop() != 0 && state_.told_to_stop == 0;
    if (!is_told && since_written.seconds() < interval_s_) continue;
    since_written.restart();
    try {
      write();
    } catch (const Error& error) {
      if (!has_failed) log_warning("{}; other machines may take this job for dead", error.what());
      has_failed = true;
    }
  }
}

void Heartbeat::write() {
  ++state_.beats;
  state_.told_to_stop = requested_stop();
  state_.doing = state_.run.empty() ? "" : pulse().note;
  const Json json = {{"schema", kJobSchema},  {"process", to_json(state_.process)},  {"began", state_.began},
                     {"beats", state_.beats}, {"told_to_stop", state_.told_to_stop}, {"run", state_.run},
                     {"doing", state_.doing}};
  replace_file(file_, json.dump() + "\n");
}

Life LifeWatch::look_at(const ProcessId& process) {
  if (const Life life = life_of(process); life != Life::kUnknown) return life;
  const auto file = job_file(results_, process);
  const auto job = read_job(file);
  const std::int64_t beats = job ? job->beats : -1;
  const auto [entry, is_first] = seen_.try_emplace(file);
  Seen& seen = entry->second;
  if (!is_first && beats != seen.beats) {
    seen.has_changed = true;
    seen.unchanged_s = 0;
  } else if (!is_first) {
    // Time in which this process did not look, as it was suspended maybe, says little of the other one.
    seen.unchanged_s += std::min(seen.since_look.seconds(), lease_s_ / 10);
  }
  seen.beats = beats;
  seen.since_look.restart();
  if (seen.unchanged_s >= lease_s_) return Life::kDead;
  return seen.has_changed && beats >= 0 ? Life::kAlive : Life::kUnknown;
}

}  // namespace mofi
