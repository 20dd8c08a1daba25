#include "ablation/claims.h"

#include "core/error.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

/// Whether somebody has finished a run that the plan found undone, or damaged.
bool has_result(const PlannedRun& run) {
  if (run.again || !std::filesystem::exists(run.folder / kResultFile)) return false;
  try {
    return read_run_record(run.folder).run_id == run.id;
  } catch (const Error&) {
    return false;
  }
}

bool has_failed(const Attempt& attempt) {
  return attempt.end->kind == EndKind::kError || attempt.end->kind == EndKind::kTimeout;
}

}  // namespace

Claim claim_run(const PlannedRun& run, LifeWatch& watch, const PlanOptions& options,
                const std::vector<ProcessId>& others) {
  using Kind = Claim::Kind;
  std::vector<Attempt> attempts = read_attempts(run.folder);
  const int newest_number = attempts.empty() ? 0 : attempts.back().number;
  if (has_result(run)) return {Kind::kDone, newest_number, "its result is there"};
  if (!attempts.empty()) {
    Attempt& newest = attempts.back();
    // What the plan knew of, it has judged; a run that others were doing then is news when they are not now.
    const bool is_news = newest.number > run.attempts || run.state == PlannedRun::State::kRunning;
    if (!newest.newer_schema.empty()) return {Kind::kNewer, newest.number, newest.newer_schema};
    if (!newest.end) {
      if (watch.look_at(newest.process) != Life::kDead)
        return {Kind::kTaken, newest.number, text_of(newest.process)};
      newest.end = verdict_on(watch.results(), newest);
      end_attempt(run.folder, newest, *newest.end);
    } else if (is_news && newest.end->kind == EndKind::kDone) {
      return {Kind::kDone, newest.number, "its result is there"};
    } else if (is_news && has_failed(newest)) {
      return {Kind::kFailed, newest.number, first_line(newest.end->text)};
    }
    const bool is_too_often = options.max_attempts > 0 && failures_of(attempts) >= options.max_attempts;
    if (is_too_often && is_news)
      return {
          Kind::kFailed, newest.number,
          fmt::format("given up after {} attempts: {}", failures_of(attempts), first_line(newest.end->text))};
  }
  if (!begin_attempt(run.folder, newest_number + 1, others))
    return {Kind::kTaken, newest_number + 1, "another process, which was faster"};
  return {Kind::kOurs, newest_number + 1, ""};
}

}  // namespace mofi
