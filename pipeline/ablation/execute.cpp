#include "ablation/execute.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "ablation/board.h"
#include "ablation/claims.h"
#include "ablation/positions.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/stop.h"
#include "distributed/tickets.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

using State = PlannedRun::State;

/// Runs of the plan that nobody will do.
std::vector<std::string> failures_in(const std::vector<PlannedRun>& plan) {
  std::vector<std::string> failed;
  for (const PlannedRun& run : plan) {
    if (run.state == State::kGivenUp)
      failed.push_back(
          fmt::format("{}: given up {} (`mofi sweep retry --failed` begins anew)", run.id, run.reason));
    if (run.state == State::kNewer) failed.push_back(run.id + ": " + run.reason);
  }
  return failed;
}

class Sweep {
 public:
  Sweep(const World& world, const std::vector<PlannedRun>& plan, std::filesystem::path results,
        const DoRun& do_run, const SweepOptions& options, const MeasuredTimes& times)
      : world_(world),
        plan_(plan),
        results_(std::move(results)),
        do_run_(do_run),
        options_(options),
        times_(times),
        group_(world, options.ranks_per_run),
        heartbeat_(results_, options.heartbeat_s),
        watch_(results_, options.lease_s) {
    for (const std::string& text : world.gather(to_json(this_process()).dump()))
      ranks_.push_back(process_from_json(Json::parse(text)));
  }

  SweepOutcome go() {
    Positions todo;
    if (world_.is_root()) {
      remove_abandoned_temporaries(results_);
      todo = longest_first(plan_, times_);
      for (std::size_t i = 0; i < plan_.size(); ++i)
        if (plan_[i].state == State::kRunning) left_.push_back(i);
    }
    while (true) {
      todo = positions_from(world_.broadcast(text_of(todo)));
      if (todo.empty() && is_looked_through_) break;
      do_runs(todo);
      leave_if_told_to();
      todo = world_.is_root() && !has_refused_ ? of_the_dead() : Positions{};
      leave_if_told_to();
      if (!todo.empty()) log_info("taken over from jobs that have ended: {} runs", todo.size());
      is_looked_through_ = true;
    }
    return outcome();
  }

 private:
  // ---- handing out ----

  void do_runs(const Positions& todo) {
    Board board(plan_, todo.size(), results_, ranks_,
                {.max_failures = options_.max_failures,
                 .look_s = options_.heartbeat_s,
                 .silent = !world_.is_root() || todo.empty()});
    std::size_t taken_up = 0;
    {
      TicketQueue tickets(world_, static_cast<std::int64_t>(todo.size()),
                          [&](int rank, const std::string& report) { return board.hear(rank, report); });
      while (const auto position = next(tickets, todo)) {
        ++taken_up;
        do_one(*position, tickets);
      }
      if (is_stopped_ || !unwritable_.empty()) tickets.stop();
      tickets.finish();
    }
    for (const std::string& text : world_.gather(text_of(left_here_)))
      if (world_.is_root()) std::ranges::copy(positions_from(text), std::back_inserter(left_));
    left_here_.clear();
    has_refused_ = board.has_refused();
    std::size_t all_taken_up = 0;
    for (const std::string& text : world_.gather(std::to_string(group_.is_first() ? taken_up : 0)))
      all_taken_up += std::stoul(text);
    not_begun_ = static_cast<int>(todo.size() - all_taken_up);
  }

  /// The next run for this group.
  std::optional<std::size_t> next(TicketQueue& tickets, const Positions& todo) {
    std::string told;
    is_stopped_ |= requested_stop() != 0;
    if (group_.is_first() && !is_stopped_ && unwritable_.empty())
      if (const auto ticket = tickets.next()) told = std::to_string(todo[static_cast<std::size_t>(*ticket)]);
    told = group_.control.broadcast(std::move(told));
    if (told.empty()) return std::nullopt;
    return std::stoul(told);
  }

  // ---- one run ----

  void do_one(std::size_t position, TicketQueue& tickets) {
    const PlannedRun& run = plan_[position];
    const Claim claim = claim_together(run);
    switch (claim.kind) {
      case Claim::Kind::kOurs:
        break;
      case Claim::Kind::kTaken:
        log_debug("{} is left to {}", run.id, claim.text);
        left_here_.push_back(position);
        return;
      case Claim::Kind::kDone:
        log_debug("{}: another job has done it", run.id);
        return;
      case Claim::Kind::kFailed:
      case Claim::Kind::kNewer:
        if (group_.is_first()) note_failure(run, claim.text, tickets);
        return;
    }
    heartbeat_.set_run(run.id);
    if (group_.is_first()) tickets.report(Board::began(position));
    const auto [end, scores] = attempt_run(group_, run, claim.attempt, do_run_, options_.run_timeout_s());
    heartbeat_.set_run("");
    is_stopped_ |= end.kind == EndKind::kStopped;
    if (!group_.is_first()) return;
    if (end.kind == EndKind::kError || end.kind == EndKind::kTimeout) {
      const std::string reason = first_line(end.text);
      note_failure(run, reason, tickets,
                   fmt::format("{} failed, attempt {}: {}", run.id, claim.attempt, reason));
      unwritable_ = why_unwritable();
    } else if (end.kind == EndKind::kDone) {
      ++done_;
      tickets.report(Board::done(fmt::format("{} done in {}{}{}", run.id, readable_duration(end.seconds),
                                             scores.empty() ? "" : ": ", scores)));
    } else if (end.kind != EndKind::kStopped) {
      tickets.report(Board::done(""));
    }
  }

  /// The first rank of the group claims; an obstacle in its way is a failure of the run.
  Claim claim_together(const PlannedRun& run) {
    Claim claim;
    if (group_.is_first()) {
      try {
        claim = claim_run(run, watch_, options_.plan, group_.others);
      } catch (const std::exception& error) {
        claim = {Claim::Kind::kFailed, 0, error.what()};
      }
    }
    const Json told = Json::parse(group_.control.broadcast(
        Json{{"kind", claim.kind}, {"attempt", claim.attempt}, {"text", claim.text}}.dump(
            -1, ' ', false, Json::error_handler_t::replace)));
    return {told["kind"].get<Claim::Kind>(), told["attempt"].get<int>(), told["text"].get<std::string>()};
  }

  void note_failure(const PlannedRun& run, const std::string& reason, TicketQueue& tickets,
                    const std::string& warning = "") {
    failed_.push_back(run.id + ": " + reason);
    tickets.report(Board::failed(warning));
  }

  /// A full disk is no run's fault, and the next ones would fail alike.
  std::string why_unwritable() const {
    constexpr std::size_t kProbeBytes = 1 << 16;
    const auto probe = results_ / kJobsFolder / fmt::format(".probe-{}", this_process().pid);
    std::string why;
    try {
      replace_file(probe, std::string(kProbeBytes, ' '));
    } catch (const Error& error) {
      why = error.what();
    }
    std::error_code ignored;
    std::filesystem::remove(probe, ignored);
    return why;
  }

  // ---- the end ----

  /// Collective: throws on all ranks where one has been told to stop, or cannot write any more.
  void leave_if_told_to() {
    is_stopped_ |= requested_stop() != 0;
    for (const std::string& why : world_.gather(unwritable_))
      if (!why.empty())
        fail(ExitCode::kMissing,
             "{}; finished runs are kept, and with that mended the same command goes on with the others",
             why);
    const int stop_signal = world_.maximum(requested_stop());
    if (world_.maximum(is_stopped_ ? 1 : 0) == 0) return;
    fail(ExitCode::kStopped,
         "stopped {}; finished runs are kept, the same command goes on with the others where they stand",
         stop_signal != 0 ? fmt::format("by signal {}", stop_signal) : "as the time of a run was over");
  }

  /// Of the runs that were left to others: those whose process has died or ended without a result. Of
  /// processes on other machines this takes until a sign of life was seen, or none for the lease. The living
  /// keep theirs.
  Positions of_the_dead() {
    Positions dead, unknown = std::move(left_);
    left_.clear();
    while (!unknown.empty() && requested_stop() == 0) {
      Positions still_unknown;
      for (const std::size_t position : unknown) {
        switch (look_again(plan_[position])) {
          case Life::kAlive:
            left_.push_back(position);
            break;
          case Life::kDead:
            dead.push_back(position);
            break;
          case Life::kUnknown:
            still_unknown.push_back(position);
        }
      }
      unknown = std::move(still_unknown);
      if (unknown.empty()) break;
      world_.alive();
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.5, options_.lease_s / 20)));
    }
    std::erase_if(dead, [&](std::size_t position) {
      return std::filesystem::exists(plan_[position].folder / kResultFile) && !plan_[position].again;
    });
    return dead;
  }

  Life look_again(const PlannedRun& run) {
    const auto attempts = read_attempts(run.folder);
    if (attempts.empty() || attempts.back().end || !attempts.back().newer_schema.empty()) return Life::kDead;
    return watch_.look_at(attempts.back().process);
  }

  SweepOutcome outcome() {
    SweepOutcome outcome;
    outcome.not_begun = not_begun_;
    outcome.elsewhere = static_cast<int>(left_.size());
    for (const std::string& text : world_.gather(std::to_string(done_))) outcome.done += std::stoi(text);
    for (const std::string& text :
         world_.gather(Json(failed_).dump(-1, ' ', false, Json::error_handler_t::replace)))
      for (const auto& line : Json::parse(text)) outcome.failed.push_back(line.get<std::string>());
    std::ranges::copy(failures_in(plan_), std::back_inserter(outcome.failed));
    if (world_.is_root()) remember_results();
    return outcome;
  }

  /// So that the next plan need not verify them. The folder is listed anew: other jobs have done runs, and
  /// remembered theirs, since the plan was made.
  void remember_results() {
    Ledger ledger(results_);
    for (const PlannedRun& run : plan_) {
      try {
        ledger.find(run.id);
      } catch (const Error& error) {
        log_warning("{}: {}", run.id, error.what());
      }
    }
    ledger.save();
  }

  const World& world_;
  const std::vector<PlannedRun>& plan_;
  std::filesystem::path results_;
  const DoRun& do_run_;
  const SweepOptions& options_;
  const MeasuredTimes& times_;
  Group group_;
  std::vector<ProcessId> ranks_;
  Heartbeat heartbeat_;
  LifeWatch watch_;

  // Of this rank.
  Positions left_here_;
  int done_ = 0;
  std::vector<std::string> failed_;
  bool is_stopped_ = false;
  std::string unwritable_;  ///< why the results can no longer be written; empty where they can

  // Of the first rank, but for the last, which all know.
  Positions left_;  ///< to other jobs
  bool has_refused_ = false;
  int not_begun_ = 0;
  bool is_looked_through_ = false;
};

}  // namespace

SweepOutcome execute(const World& world, const std::vector<PlannedRun>& plan, const DoRun& do_run,
                     const SweepOptions& options, const MeasuredTimes& times) {
  if (options.ranks_per_run < 1 || world.size() % options.ranks_per_run != 0)
    fail(ExitCode::kUsage,
         "groups of {0} ranks cannot be made of {1} ranks; --ranks-per-run has to divide {1}",
         options.ranks_per_run, world.size());
  const auto todo = std::ranges::count_if(plan, &PlannedRun::is_to_do);
  if (world.is_root()) {
    log_info("{} runs: {}", plan.size(), count_states(plan));
    if (std::ranges::all_of(plan, &PlannedRun::is_done))
      log_info("nothing to do: the result of every run is there and verified");
  }
  if (todo == 0 && std::ranges::none_of(plan, [](const auto& run) { return run.state == State::kRunning; })) {
    SweepOutcome outcome;
    outcome.failed = failures_in(plan);
    return outcome;
  }
  return Sweep(world, plan, plan[0].folder.parent_path().parent_path(), do_run, options, times).go();
}

void require_success(const SweepOutcome& outcome) {
  if (outcome.elsewhere > 0)
    log_info("{} runs are left to other jobs, which are at work on them", outcome.elsewhere);
  if (outcome.failed.empty()) return;
  fail(ExitCode::kFailedRuns, "{} of {} runs failed (the others are kept{}):\n  {}", outcome.failed.size(),
       outcome.failed.size() + static_cast<std::size_t>(outcome.done),
       outcome.not_begun > 0 ? fmt::format("; {} were not begun after that", outcome.not_begun) : "",
       fmt::join(outcome.failed, "\n  "));
}

std::vector<std::string> retry_failed(const std::vector<PlannedRun>& plan) {
  std::vector<std::string> reset;
  for (const PlannedRun& run : plan)
    if ((run.state == State::kRetry || run.state == State::kGivenUp) &&
        reset_attempts(run.folder, run.attempts))
      reset.push_back(run.id);
  return reset;
}

}  // namespace mofi
