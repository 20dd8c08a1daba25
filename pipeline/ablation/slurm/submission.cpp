#include "ablation/slurm/submission.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/provenance.h"

namespace mofi {
namespace {

constexpr const char* kSchema = "mofi-submission/1";
constexpr const char* kDescription = "submission.json";
constexpr const char* kJobs = "jobs.jsonl";
constexpr const char* kConfig = "config.yaml";
constexpr std::size_t kShortDigest = 8;

std::filesystem::path submissions_folder(const std::filesystem::path& results) {
  return std::filesystem::weakly_canonical(std::filesystem::absolute(results)) / "slurm";
}

/// "0007-1a2b3c4d": the next number, and what was asked for.
std::string next_id(const std::filesystem::path& folder, const std::string& request_sha256) {
  int last = 0;
  std::error_code no_folder_yet;
  for (const auto& entry : std::filesystem::directory_iterator(folder, no_folder_yet)) {
    const std::string name = entry.path().filename().string();
    int number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{})
      last = std::max(last, number);
  }
  return fmt::format("{:04}-{}", last + 1, request_sha256.substr(0, kShortDigest));
}

/// Part of the names of a submission's jobs: what no other submission of anybody has.
std::string nonce() {
  std::random_device entropy;
  return fmt::format("{:08x}", entropy());
}

std::string sha256_of_file(const std::filesystem::path& path) { return sha256_of_bytes(read_bytes(path)); }

/// Appends to a file, on the disk before it returns. A line that was cut off before gets its end.
void append_line(const std::filesystem::path& path, const std::string& line) {
  const bool after_a_cut =
      std::filesystem::exists(path) && !read_text(path).empty() && read_text(path).back() != '\n';
  const std::string text = (after_a_cut ? "\n" : "") + line + "\n";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  bool written =
      descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = written && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written) fail(ExitCode::kMissing, "{}: cannot be written: {}", path.string(), std::strerror(reason));
}

/// The lines that were written to their end: one that was cut off is none, and what it told is asked of
/// Slurm.
std::vector<Json> whole_lines(const std::filesystem::path& path) {
  std::vector<Json> lines;
  if (!std::filesystem::exists(path)) return lines;
  for (const std::string& line : read_lines(path))
    if (Json json = Json::parse(line, nullptr, false); json.is_object()) lines.push_back(std::move(json));
  return lines;
}

void copy_program(const std::filesystem::path& from, const std::filesystem::path& to,
                  const std::string& expected) {
  AtomicFile file(to);
  std::error_code failure;
  std::filesystem::copy_file(from, file.path(), std::filesystem::copy_options::overwrite_existing, failure);
  if (failure)
    fail(ExitCode::kMissing, "{}: cannot be copied to {}: {}", from.string(), to.string(), failure.message());
  if (sha256_of_file(file.path()) != expected)
    fail(ExitCode::kData, "{}: changed while it was copied; wait until the build is done and submit again",
         from.string());
  file.commit();
}

Submission read_submission(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kDescription;
  const Json json = Json::parse(read_text(file), nullptr, false);
  Submission submission;
  submission.id = folder.filename().string();
  submission.folder = folder;
  try {
    if (json.at("schema") != kSchema)
      fail(ExitCode::kData, "{}: its schema is {}; this version reads {}", file.string(),
           json.at("schema").dump(), kSchema);
    submission.request_sha256 = json.at("request_sha256");
    submission.job_names = json.at("job_names");
    for (const Json& line : whole_lines(folder / kJobs)) {
      if (line.contains("cancelled")) submission.cancelled = true;
      if (line.contains("job")) submission.accepted[line.at("script").get<std::size_t>()] = line.at("job");
    }
  } catch (const Json::exception& error) {
    fail(ExitCode::kData, "{}: is not the description of a submission ({}); move {} away", file.string(),
         error.what(), folder.string());
  }
  return submission;
}

}  // namespace

std::filesystem::path Submission::script(std::size_t index) const {
  return folder / fmt::format("job_{}.sh", index);
}

void Submission::note_accepted(std::size_t script, const std::string& job) {
  append_line(folder / kJobs, Json{{"script", script}, {"job", job}}.dump());
  accepted[script] = job;
}

void Submission::note_cancelled() {
  append_line(folder / kJobs, Json{{"cancelled", true}}.dump());
  cancelled = true;
}

std::vector<Submission> read_submissions(const std::filesystem::path& results) {
  std::vector<Submission> submissions;
  std::error_code no_folder_yet;
  for (const auto& entry : std::filesystem::directory_iterator(submissions_folder(results), no_folder_yet))
    if (std::filesystem::exists(entry.path() / kDescription) &&
        !entry.path().filename().string().starts_with('.'))
      submissions.push_back(read_submission(entry.path()));
  std::ranges::sort(submissions, {}, &Submission::id);
  return submissions;
}

Draft draft_submission(const SubmitRequest& request,
                       const std::function<std::size_t()>& site_max_array_size) {
  Draft draft;
  draft.profile = read_cluster_profile(request.profile_file);
  const ClusterProfile& profile = draft.profile;
  const std::string text =
      profile.job_template.empty() ? kDefaultJobTemplate : read_text(profile.job_template);
  const std::string name = profile.job_template.empty() ? "cluster/templates/job.sh" : profile.job_template;
  draft.request_sha256 = Sha256()
                             .update(config_to_json(profile).dump())
                             .update(text)
                             .update(request.config)
                             .update(std::uint64_t{request.runs})
                             .hex();

  const std::filesystem::path folder = submissions_folder(request.results);
  SubmittedSweep& sweep = draft.sweep;
  sweep.folder = folder / next_id(folder, draft.request_sha256);
  sweep.directory = std::filesystem::current_path();
  sweep.results = folder.parent_path();
  sweep.job_prefix = "mofi-" + nonce();
  sweep.runs = request.runs;
  sweep.program = {sweep.folder / "bin" / request.program.front().filename(),
                   "run",
                   "--config",
                   sweep.folder / kConfig,
                   "--results",
                   sweep.results};
  std::size_t most_tasks = 0;
  if (profile.mode == "array") {
    most_tasks = site_max_array_size();
    if (const int chosen = profile.array.max_array_size; chosen > 0)
      most_tasks = std::min(most_tasks, static_cast<std::size_t>(chosen));
  }
  draft.scripts = render_job_scripts(profile, sweep, text, name, most_tasks);
  return draft;
}

Submission make_submission(const SubmitRequest& request, const Draft& draft) {
  AtomicFolder folder(draft.sweep.folder);
  std::filesystem::create_directories(folder.path() / "log");
  std::filesystem::create_directories(folder.path() / "bin");
  std::string digests = fmt::format("{}  {}\n", sha256_of_text(request.config), kConfig);
  for (const auto& program : request.program) {
    const std::string name = "bin/" + program.filename().string();
    const std::string digest = sha256_of_file(program);
    copy_program(program, folder.path() / name, digest);
    digests += fmt::format("{}  {}\n", digest, name);
  }
  write_atomically(folder.path() / kConfig, request.config);
  write_atomically(folder.path() / "digests", digests);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < draft.scripts.size(); ++i) {
    write_atomically(folder.path() / fmt::format("job_{}.sh", i), draft.scripts[i].text);
    names.push_back(draft.scripts[i].job_name);
  }
  const Json description = {{"schema", kSchema},
                            {"request_sha256", draft.request_sha256},
                            {"runs", request.runs},
                            {"job_names", names},
                            {"program", draft.sweep.program},
                            {"directory", draft.sweep.directory.string()},
                            {"profile", config_to_json(draft.profile)},
                            {"provenance", provenance()}};
  write_atomically(folder.path() / kDescription, description.dump(2) + "\n");
  folder.commit();
  return read_submission(draft.sweep.folder);
}

SubmissionLock::SubmissionLock(const std::filesystem::path& results) {
  const std::filesystem::path folder = submissions_folder(results);
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    fail(ExitCode::kMissing, "{}: the folder cannot be made: {}", folder.string(), failure.message());
  const std::filesystem::path file = folder / ".lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    fail(ExitCode::kMissing, "{}: cannot be opened: {}", file.string(), std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK) log_info("waiting for another submission to {}", results.string());
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    log_warning("{}: this file system has no locks; submit from one terminal at a time", file.string());
    return;
  }
}

SubmissionLock::~SubmissionLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace mofi
