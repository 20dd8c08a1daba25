#include "ablation/slurm/slurm_commands.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "core/error.h"
#include "core/log.h"

namespace mofi {
namespace {

/// Slurm's words for what passes, from its error table (slurm_errno.c) and seen when controllers are killed.
constexpr std::string_view kTransientWords[] = {
    "Unable to contact slurm controller",
    "Socket timed out",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Transport endpoint is not connected",
    "Communication connection failure",
    "Unexpected message received",
    "Zero Bytes were transmitted or received",
    "Insane message length",
    "Slurm backup controller in standby mode",
    "controller is in standby",
    "Slurm temporarily unable to accept job",
    "Resource temporarily unavailable",
    "Slurm controller not responding",
    "Protocol authentication error",
    "Invalid authentication credential",
    "Munge encode failed",
    "database connection",
    "Try again",
};

constexpr const char* kUnknown = "UNKNOWN";

/// Pauses that grow, between attempts that are counted.
class Attempts {
 public:
  explicit Attempts(const Patience& patience) : patience_(patience), pause_s_(patience.first_pause_s) {}

  /// Waits before the next attempt, after telling why; false when there is none left.
  bool wait(const std::string& program, const std::string& why) {
    if (++made_ >= patience_.attempts) return false;
    log_warning("{}: {}; trying again in {:g} s", program, why, pause_s_);
    std::this_thread::sleep_for(std::chrono::duration<double>(pause_s_));
    pause_s_ = std::min(2 * pause_s_, patience_.longest_pause_s);
    return true;
  }

 private:
  Patience patience_;
  double pause_s_;
  int made_ = 0;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

/// The cells of a row of sacct, empty ones too.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells(1);
  for (const char c : row) {
    if (c == '|')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

/// What a program says of its failure, in one line.
std::string words_of(const ProcessResult& result) {
  if (result.timed_out) return "did not answer in time";
  const std::vector<std::string> lines = split(result.err.empty() ? result.out : result.err, '\n');
  if (lines.empty()) return fmt::format("exit code {} without a word", result.exit_code);
  constexpr std::string_view kMark = ": error: ";  // "sbatch: error: …"
  const std::size_t at = lines.back().find(kMark);
  return at == std::string::npos ? lines.back() : lines.back().substr(at + kMark.size());
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Of "12", "12_3", "12_[4-9]" and "12.batch": 12.
std::string base_id(const std::string& id) { return id.substr(0, id.find_first_of("_.+")); }

std::vector<std::string> distinct_ids(const std::vector<std::string>& ids) {
  std::map<std::uint64_t, std::string> sorted;
  for (const std::string& id : ids) {
    std::uint64_t number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    if (all_digits(id)) sorted.emplace(number, id);
  }
  std::vector<std::string> distinct;
  for (const auto& [number, id] : sorted) distinct.push_back(id);
  return distinct;
}

/// Rows "id|name|…" of the site's accounting: its data base, or else the file in which a controller may note
/// jobs that ended. Neither has to be there.
std::vector<std::vector<std::string>> accounting_rows(const std::string& fields, const Patience& patience) {
  using Arguments = std::vector<std::string>;
  for (const Arguments& source :
       {Arguments{"--allocations", "--starttime=now-7days"}, Arguments{"--completion"}}) {
    Arguments arguments = {"sacct", "--noheader", "--parsable2", "--format=" + fields};
    arguments.insert(arguments.end(), source.begin(), source.end());
    ProcessResult result;
    try {
      result = run_process(arguments, patience.time_limit_s);
    } catch (const Error&) {
      return {};  // no sacct here
    }
    if (!result.ok()) continue;
    std::vector<std::vector<std::string>> rows;
    for (const std::string& line : split(result.out, '\n')) rows.push_back(cells_of(line));
    return rows;
  }
  return {};
}

/// The job's id in what `sbatch --parsable` prints: "12" or "12;cluster".
std::optional<std::string> accepted_id(const ProcessResult& result) {
  if (!result.ok()) return std::nullopt;
  for (const std::string& line : split(result.out, '\n'))
    if (const std::string id = line.substr(0, line.find(';')); all_digits(id)) return id;
  return std::nullopt;
}

void cancel_all_but_first(const std::vector<std::string>& ids, const std::string& name,
                          const Patience& patience) {
  if (ids.size() < 2) return;
  log_warning("{} was accepted {} times; all but job {} are cancelled", name, ids.size(), ids.front());
  std::vector<std::string> arguments = {"scancel"};
  arguments.insert(arguments.end(), ids.begin() + 1, ids.end());
  call_slurm(arguments, patience);
}

/// The value after " KEY=" of a line of scontrol; values that matter here have no spaces.
std::string value_of(const std::string& line, const std::string& key) {
  const std::string mark = " " + key + "=";
  const std::size_t at = (" " + line).find(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size() - 1;
  const std::string value = line.substr(begin, line.find(' ', begin) - begin);
  return value == "(null)" || value == "None" || value == "N/A" ? "" : value;
}

SlurmJob job_of_line(const std::string& line) {
  SlurmJob job;
  job.id = value_of(line, "JobId");
  const std::string array = value_of(line, "ArrayJobId"), task = value_of(line, "ArrayTaskId");
  if (!array.empty() && !task.empty()) job.id = array + "_" + (all_digits(task) ? task : "[" + task + "]");
  job.name = value_of(line, "JobName");
  job.state = value_of(line, "JobState");
  job.reason = value_of(line, "Reason");
  job.nodes = value_of(line, "NodeList");
  const std::string restarts = value_of(line, "Restarts");
  std::from_chars(restarts.data(), restarts.data() + restarts.size(), job.restarts);
  if (!job.is_live()) job.exit_code = value_of(line, "ExitCode");
  return job;
}

}  // namespace

bool is_transient(const ProcessResult& result) {
  if (result.timed_out) return true;
  return std::ranges::any_of(kTransientWords, [&](std::string_view words) {
    return result.err.find(words) != std::string::npos || result.out.find(words) != std::string::npos;
  });
}

std::string call_slurm(const std::vector<std::string>& arguments, const Patience& patience) {
  Attempts attempts(patience);
  while (true) {
    const ProcessResult result = run_process(arguments, patience.time_limit_s);
    if (result.ok()) return result.out;
    if (!is_transient(result))
      fail(ExitCode::kMissing, "{} failed with exit code {}: {}", arguments[0], result.exit_code,
           words_of(result));
    if (!attempts.wait(arguments[0], words_of(result)))
      fail(ExitCode::kMissing, "{} got no answer from Slurm in {} attempts: {}; try again later",
           arguments[0], patience.attempts, words_of(result));
  }
}

std::vector<std::string> jobs_named(const std::string& name, const Patience& patience) {
  // %F: the id of the whole array.
  std::vector<std::string> ids =
      split(call_slurm({"squeue", "--noheader", fmt::format("--user={}", geteuid()), "--states=all",
                        "--name=" + name, "--format=%F"},
                       patience),
            '\n');
  if (ids.empty())
    for (const auto& row : accounting_rows("JobID,JobName", patience))
      if (row.size() >= 2 && row[1] == name) ids.push_back(base_id(row[0]));
  return distinct_ids(ids);
}

std::string submit_once(const std::string& script, const std::string& name, const Patience& patience) {
  Attempts attempts(patience);
  for (bool in_doubt = false;; in_doubt = true) {
    // The name is in the script, too, but there SBATCH_JOB_NAME would go before it.
    const ProcessResult result =
        run_process({"sbatch", "--parsable", "--job-name=" + name, script}, patience.time_limit_s);
    const auto id = accepted_id(result);
    if (id && !in_doubt) return *id;
    const bool may_pass = is_transient(result) || result.exit_code > 128 || result.exit_code == 0;
    if (!id && !may_pass) fail(ExitCode::kMissing, "sbatch refused {}: {}", script, words_of(result));
    // Slurm's answer may have been lost although it took the job, or an attempt may be slow on its way.
    const bool goes_on = !id && attempts.wait("sbatch", words_of(result));
    const std::vector<std::string> ids = jobs_named(name, patience);
    cancel_all_but_first(ids, name, patience);
    if (!ids.empty()) return ids.front();
    if (id) return *id;
    if (!goes_on)
      fail(ExitCode::kMissing,
           "sbatch got no answer from Slurm in {} attempts: {}; the same command goes on with what is not "
           "submitted",
           patience.attempts, words_of(result));
  }
}

std::optional<std::size_t> site_max_array_size(const Patience& patience) {
  std::string text;
  try {
    text = call_slurm({"scontrol", "show", "config"}, patience);
  } catch (const Error&) {
    return std::nullopt;
  }
  for (const std::string& line : split(text, '\n')) {
    std::istringstream words(line);
    std::string key, equals;
    std::size_t value = 0;
    if (words >> key >> equals >> value && key == "MaxArraySize" && value > 0) return value;
  }
  return std::nullopt;
}

bool SlurmJob::is_live() const {
  static const std::set<std::string> kLive = {
      "PENDING",      "RUNNING",      "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_FED",
      "REQUEUE_HOLD", "SPECIAL_EXIT", "RESIZING",  "SIGNALING",  "STAGE_OUT",   "STOPPED",  "RESV_DEL_HOLD"};
  return kLive.contains(state);
}

std::vector<SlurmJob> parse_scontrol_jobs(const std::string& text) {
  std::vector<SlurmJob> jobs;
  for (const std::string& line : split(text, '\n'))
    if (line.starts_with("JobId=")) jobs.push_back(job_of_line(line));
  return jobs;
}

std::vector<SlurmJob> look_up_job(const std::string& id, const std::string& name, const Patience& patience) {
  std::vector<SlurmJob> known;
  try {
    known = parse_scontrol_jobs(call_slurm({"scontrol", "--oneliner", "show", "job", id}, patience));
  } catch (const Error& error) {
    if (std::string_view(error.what()).find("Invalid job id") == std::string_view::npos) throw;
  }
  std::erase_if(known, [&](const SlurmJob& job) { return job.name != name; });
  if (!known.empty()) return known;

  std::map<std::string, SlurmJob> noted;  // the last row of a job that was queued several times counts
  for (const auto& row : accounting_rows("JobID,JobName,State,ExitCode", patience)) {
    if (row.size() < 4 || base_id(row[0]) != id || row[1] != name) continue;
    SlurmJob job = {
        .id = row[0], .name = name, .state = row[2].substr(0, row[2].find(' '))};  // "CANCELLED by 0"
    if (job.is_live())
      job.state = kUnknown;  // the controller does not have it
    else
      job.exit_code = row[3];
    noted[row[0]] = job;
  }
  for (auto& [task, job] : noted) known.push_back(std::move(job));
  if (known.empty()) known.push_back({.id = id, .name = name, .state = kUnknown});
  return known;
}

}  // namespace mofi
