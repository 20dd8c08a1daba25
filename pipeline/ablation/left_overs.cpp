#include "ablation/left_overs.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "ablation/attempts.h"
#include "ablation/jobs.h"
#include "core/files.h"
#include "storage/run_record.h"
#include "training/checkpoint_schema.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> in_order(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

bool is_run_folder(const fs::path& path) {
  return fs::is_directory(path) && !path.filename().string().starts_with('.');
}

/// How long ago things were changed, by the clock of the file system that they are on.
class FileSystemClock {
 public:
  /// Makes a file in the folder, and removes it. Where it cannot, no time has gone by for anything.
  explicit FileSystemClock(const fs::path& folder) {
    const fs::path probe = folder / fmt::format(".clock-{}", this_process().pid);
    try {
      replace_file(probe, "");
      now_ = fs::last_write_time(probe);
    } catch (const std::exception&) {
      now_ = fs::file_time_type::min();
    }
    std::error_code ignored;
    fs::remove(probe, ignored);
  }

  bool is_forgotten(const fs::path& path) const {
    std::error_code gone;
    fs::file_time_type changed = fs::last_write_time(path, gone);
    if (gone) return false;
    for (const auto& entry : fs::recursive_directory_iterator(path, gone))  // of a folder: its youngest file
      changed = std::max(changed, entry.last_write_time(gone));
    return now_ != fs::file_time_type::min() &&
           now_ - changed > std::chrono::duration_cast<fs::file_time_type::duration>(
                                std::chrono::duration<double>(kForgotten));
  }

 private:
  fs::file_time_type now_;
};

}  // namespace

std::vector<LeftOver> find_left_overs(const fs::path& results, const std::set<std::string>& wanted,
                                      bool orphans) {
  std::vector<LeftOver> found;
  const FileSystemClock clock(results);
  const auto add_temporaries = [&](const fs::path& folder) {
    for (const fs::path& path : abandoned_temporaries(folder))
      found.push_back({path, "a half-written file of a process that died"});
    for (const fs::path& path : temporaries_of_others(folder))
      if (clock.is_forgotten(path))
        found.push_back({path, "a half-written file that no other machine has touched for an hour"});
  };
  for (const char* folder : {"", "tables", kJobsFolder, "runs"}) add_temporaries(results / folder);

  std::set<fs::path> needed_jobs;  // to tell how an attempt without an end ended
  for (const fs::path& folder : in_order(results / "runs")) {
    if (!is_run_folder(folder)) continue;
    const bool is_done = fs::exists(folder / kResultFile);
    const auto attempts = read_attempts(folder);
    const bool is_open = !attempts.empty() && !attempts.back().end;
    const bool is_dead =
        !is_open || (attempts.back().newer_schema.empty() && life_of(attempts.back().process) == Life::kDead);
    if (orphans && !is_done && is_dead && !wanted.contains(folder.filename().string())) {
      found.push_back({folder, "a run without a result that the sweep does not ask for"});
      continue;
    }
    if (is_open && !is_done) {
      needed_jobs.insert(job_file(results, attempts.back().process));
      for (const ProcessId& other : attempts.back().others) needed_jobs.insert(job_file(results, other));
    }
    add_temporaries(folder);
    if (is_dead) add_temporaries(folder / kCheckpointFolder);
    if (is_done && is_dead && fs::exists(folder / kCheckpointFolder))
      found.push_back({folder / kCheckpointFolder, "the checkpoint of a run that is done"});
  }
  for (const fs::path& file : in_order(results / kJobsFolder)) {
    const auto job = read_job(file);
    if (!job || needed_jobs.contains(file)) continue;
    const Life life = life_of(job->process);
    if (life == Life::kDead)
      found.push_back({file, "the signs of life of a process that died"});
    else if (life == Life::kUnknown && clock.is_forgotten(file))
      found.push_back({file, "of a process on another machine that gave no sign of life for an hour"});
  }
  return found;
}

std::uintmax_t bytes_of(const LeftOver& left_over) {
  std::error_code none;
  if (!fs::is_directory(left_over.path, none)) {
    const auto bytes = fs::file_size(left_over.path, none);
    return none ? 0 : bytes;
  }
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(left_over.path, none))
    if (entry.is_regular_file(none)) bytes += entry.file_size(none);
  return bytes;
}

std::uintmax_t remove(const std::vector<LeftOver>& left_overs) {
  std::uintmax_t bytes = 0;
  for (const LeftOver& left_over : left_overs) {
    const std::uintmax_t here = bytes_of(left_over);
    std::error_code failure;
    fs::remove_all(left_over.path, failure);
    if (!failure) bytes += here;
  }
  return bytes;
}

}  // namespace mofi
