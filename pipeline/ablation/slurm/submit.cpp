#include "ablation/slurm/submit.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"

namespace mofi {
namespace {

constexpr std::size_t kUsualMaxArraySize = 1001;  // Slurm's default

Draft draft_for_site(const SubmitRequest& request, const Patience& patience) {
  return draft_submission(request,
                          [&] { return site_max_array_size(patience).value_or(kUsualMaxArraySize); });
}

/// The submission's scripts that Slurm has not accepted, as far as it is noted.
std::vector<std::size_t> open_scripts(const Submission& submission) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < submission.job_names.size(); ++i)
    if (!submission.accepted.contains(i)) open.push_back(i);
  return open;
}

/// Notes jobs that were accepted by a submit that was killed before it could note them.
void find_unnoted(Submission& submission, const Patience& patience) {
  for (const std::size_t script : open_scripts(submission)) {
    const std::vector<std::string> ids = jobs_named(submission.job_names[script], patience);
    if (ids.empty()) continue;
    log_info("{} is submitted already, as job {}", submission.script(script).string(), ids.front());
    submission.note_accepted(script, ids.front());
  }
}

void submit_open_scripts(Submission& submission, const Patience& patience) {
  for (const std::size_t script : open_scripts(submission))
    submission.note_accepted(script,
                             submit_once(submission.script(script), submission.job_names[script], patience));
}

std::vector<SubmittedJob> jobs_of(const Submission& submission, const Patience& patience) {
  std::vector<SubmittedJob> jobs;
  for (const auto& [script, id] : submission.accepted)
    for (SlurmJob& job : look_up_job(id, submission.job_names[script], patience))
      jobs.push_back({submission.id, std::move(job)});
  return jobs;
}

std::size_t count_live(const std::vector<SubmittedJob>& jobs) {
  return static_cast<std::size_t>(
      std::ranges::count_if(jobs, [](const auto& job) { return job.job.is_live(); }));
}

}  // namespace

Submission submit_sweep(const SubmitRequest& request, bool again, const Patience& patience) {
  if (request.runs == 0) fail(ExitCode::kUsage, "the plan has no runs; there is nothing to submit");
  const Draft draft = draft_for_site(request, patience);
  const SubmissionLock lock(request.results);
  std::vector<Submission> earlier = read_submissions(request.results);
  for (Submission& submission : earlier) {
    if (!submission.is_unfinished()) continue;
    find_unnoted(submission, patience);
    const bool is_the_same = submission.request_sha256 == draft.request_sha256;
    if (!is_the_same && submission.accepted.empty()) {  // Slurm has refused it as it was
      submission.note_cancelled();
      continue;
    }
    if (!is_the_same)
      fail(ExitCode::kUsage,
           "{}: {} of {} scripts are submitted, and it is of another profile or config; submit with those to "
           "go on, or end it by `mofi sweep cancel`",
           submission.folder.string(), submission.accepted.size(), submission.job_names.size());
    submit_open_scripts(submission, patience);
    return submission;
  }
  const std::size_t live = again ? 0 : count_live(submitted_jobs(request.results, patience));
  if (live > 0) {
    log_info("nothing is submitted: {} job{} of {} still wait or run; --again submits more of them", live,
             live == 1 ? "" : "s", request.results.string());
    return earlier.back();
  }
  // Made anew: its number is taken under the lock.
  Submission submission = make_submission(request, draft_for_site(request, patience));
  submit_open_scripts(submission, patience);
  return submission;
}

std::string preview_submission(const SubmitRequest& request, const Patience& patience) {
  std::string text;
  const Draft draft = draft_for_site(request, patience);
  for (std::size_t i = 0; i < draft.scripts.size(); ++i)
    text += fmt::format("# ---- {}\n{}", (draft.sweep.folder / fmt::format("job_{}.sh", i)).string(),
                        draft.scripts[i].text);
  return text;
}

std::vector<SubmittedJob> submitted_jobs(const std::filesystem::path& results, const Patience& patience) {
  std::vector<SubmittedJob> all;
  for (const Submission& submission : read_submissions(results)) {
    std::vector<SubmittedJob> jobs = jobs_of(submission, patience);
    std::ranges::move(jobs, std::back_inserter(all));
  }
  return all;
}

std::vector<std::string> cancel_sweep(const std::filesystem::path& results, const Patience& patience) {
  const SubmissionLock lock(results);
  std::vector<std::string> ids;
  for (Submission& submission : read_submissions(results)) {
    const bool was_unfinished = submission.is_unfinished();
    if (was_unfinished) find_unnoted(submission, patience);
    for (const auto& [script, id] : submission.accepted)
      if (std::ranges::any_of(look_up_job(id, submission.job_names[script], patience), &SlurmJob::is_live))
        ids.push_back(id);
    if (was_unfinished) submission.note_cancelled();
  }
  if (!ids.empty()) {
    std::vector<std::string> arguments = {"scancel"};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    call_slurm(arguments, patience);
  }
  return ids;
}

}  // namespace mofi
