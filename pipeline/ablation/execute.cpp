#include "ablation/execute.h"

#include <cxxabi.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <new>
#include <sstream>
#include <thread>

#include "ablation/claims.h"
#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "distributed/tickets.h"
#include "storage/run_record.h"
#include "training/checkpoint_schema.h"

namespace mofi {
namespace {

using State = PlannedRun::State;
using Positions = std::vector<std::size_t>;  // of runs in the plan

constexpr double kAgreement =
    30;  // s for which a rank that failed waits for the others of its group to fail, too

std::string accuracies(const Json& metrics) {
  std::string text;
  if (!metrics.is_object()) return text;
  for (const auto& [part, score] : metrics.items())
    if (score.is_object() && score.contains("accuracy"))
      text += fmt::format("{}{} {:.3f}", text.empty() ? ": accuracy " : ", ", part,
                          score["accuracy"].get<double>());
  return text;
}

std::string readable_type(const std::exception& error) {
  int status = 0;
  char* name = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
  std::string text = status == 0 ? name : typeid(error).name();
  std::free(name);
  return text;
}

std::string text_of(const Positions& positions) { return fmt::format("{}", fmt::join(positions, " ")); }

Positions positions_from(const std::string& text) {
  std::istringstream numbers(text);
  Positions positions;
  for (std::size_t position = 0; numbers >> position;) positions.push_back(position);
  return positions;
}

/// Those to do, the longest first, so that no long one begins when the others are done.
Positions longest_first(const std::vector<PlannedRun>& plan, const MeasuredTimes& times) {
  double seconds_per_work = 1;
  std::vector<double> expected(plan.size(), 0);
  std::vector<bool> is_measured(plan.size(), false);
  Positions todo;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (!plan[i].is_to_do()) continue;
    todo.push_back(i);
    expected[i] = work_of(plan[i].cell->config);
    if (times.empty()) continue;
    const auto known = times.find(shape_of(plan[i].cell->config, *plan[i].inputs));
    if (known == times.end()) continue;
    seconds_per_work = known->second / expected[i];
    expected[i] = known->second;
    is_measured[i] = true;
  }
  for (const std::size_t i : todo)
    if (!is_measured[i]) expected[i] *= seconds_per_work;
  std::ranges::stable_sort(todo, [&](std::size_t a, std::size_t b) { return expected[a] > expected[b]; });
  return todo;
}

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

/// What the first rank shows of all: how many runs have ended, and what is under way.
class Board {
 public:
  Board(const std::vector<PlannedRun>& plan, std::size_t runs, int max_failures, bool silent)
      : plan_(plan),
        max_failures_(max_failures),
        bar_("sweep", "runs", static_cast<std::int64_t>(runs), silent) {}

  static std::string began(std::size_t position) { return fmt::format("began {}", position); }
  static std::string ended(bool well) { return well ? "ended" : "failed"; }

  bool has_refused() const { return has_refused_; }

  /// False once too many have failed.
  bool hear(int rank, const std::string& report) {
    std::istringstream words(report);
    std::string what;
    std::size_t position = 0;
    words >> what;
    if (what == "began" && words >> position) {
      running_[rank] = plan_[position].cell->slug;
    } else {
      running_.erase(rank);
      ++ended_;
      if (what == "failed") ++failed_;
    }
    std::string note;
    for (const auto& [runner, slug] : running_) note += fmt::format("{}{}", note.empty() ? "" : ", ", slug);
    if (failed_ > 0) note = fmt::format("{} failed  {}", failed_, note);
    bar_.update(ended_, note);
    has_refused_ |= max_failures_ > 0 && failed_ >= max_failures_;
    return !has_refused_;
  }

 private:
  const std::vector<PlannedRun>& plan_;
  int max_failures_, failed_ = 0;
  bool has_refused_ = false;
  std::int64_t ended_ = 0;
  std::map<int, std::string> running_;
  ProgressBar bar_;
};

/// The ranks that do a run together. `control` is a second world of them, so that what the executor says
/// never meets what a training says.
struct Group {
  World ranks, control;
  std::vector<ProcessId> others;  ///< all but the first

  bool is_first() const { return control.is_root(); }
};

World group_of(const World& world, int ranks_per_run) {
  return ranks_per_run == 1 ? World::alone() : world.split(world.rank() / ranks_per_run);
}

class Sweep {
 public:
  Sweep(const World& world, const std::vector<PlannedRun>& plan, std::filesystem::path results,
        const DoRun& do_run, const SweepOptions& options)
      : world_(world),
        plan_(plan),
        results_(std::move(results)),
        do_run_(do_run),
        options_(options),
        group_{group_of(world, options.ranks_per_run), group_of(world, options.ranks_per_run), {}},
        heartbeat_(results_, options.heartbeat_s),
        watch_(results_, options.lease_s) {
    for (const std::string& text : group_.control.gather(to_json(this_process()).dump()))
      if (const ProcessId process = process_from_json(Json::parse(text)); process != this_process())
        group_.others.push_back(process);
  }

  SweepOutcome go() {
    Positions todo;
    if (world_.is_root()) {
      remove_abandoned_temporaries(results_);
      todo = longest_first(plan_, measured_times(Ledger(results_)));
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
    Board board(plan_, todo.size(), options_.max_failures, !world_.is_root() || todo.empty());
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
    const AttemptEnd end = attempt(run, claim.attempt);
    heartbeat_.set_run("");
    is_stopped_ |= end.kind == EndKind::kStopped;
    if (!group_.is_first()) return;
    if (end.kind == EndKind::kError || end.kind == EndKind::kTimeout) {
      log_warning("{} failed, attempt {}: {}", run.id, claim.attempt, first_line(end.text));
      note_failure(run, first_line(end.text), tickets);
      unwritable_ = why_unwritable();
    } else if (end.kind != EndKind::kStopped) {
      done_ += end.kind == EndKind::kDone ? 1 : 0;
      tickets.report(Board::ended(true));
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

  /// Does the run, and leaves its result or how else it ended.
  AttemptEnd attempt(const PlannedRun& run, int number) {
    const Stopwatch watch;
    RunResult result;
    AttemptEnd end = caught(watch, [&] { result = do_run_(group_.ranks, run, options_.run_timeout_s()); });
    end = agree(run, number, std::move(end));
    if (!group_.is_first()) return end;
    if (end.kind == EndKind::kDone && !owns_run(run.folder, number))
      end = {.kind = EndKind::kLost, .text = "another process had taken it over"};
    if (end.kind == EndKind::kDone)
      end = caught(watch, [&] {
        write_run_folder(run.folder, run.id, run.cell->config, *run.inputs, result);
        std::error_code ignored;
        std::filesystem::remove_all(run.folder / kCheckpointFolder, ignored);
      });
    end.seconds = watch.seconds();
    if (end.kind == EndKind::kDone)
      log_info("{} done in {}{}", run.id, readable_duration(end.seconds), accuracies(result.metrics));
    try {
      end_own_attempt(run.folder, number, end);
    } catch (const Error& error) {
      log_warning("{}", error.what());
    }
    return end;
  }

  /// How an action ended: with kDone where it threw nothing.
  AttemptEnd caught(const Stopwatch& watch, const std::function<void()>& action) const {
    const auto failed = [](const std::string& type, const std::string& text) {
      return AttemptEnd{.kind = EndKind::kError, .text = text, .type = type, .log = recent_log_lines()};
    };
    try {
      action();
      return {.kind = EndKind::kDone};
    } catch (const Error& error) {
      if (error.code() != ExitCode::kStopped)
        return failed(fmt::format("{}, exit code {}", readable_type(error), static_cast<int>(error.code())),
                      error.what());
      const bool is_over = requested_stop() == 0 && watch.seconds() >= options_.run_timeout_s();
      return {.kind = is_over ? EndKind::kTimeout : EndKind::kStopped, .text = error.what()};
    } catch (const std::bad_alloc&) {
      return failed("std::bad_alloc", "out of memory");
    } catch (const std::exception& error) {
      return failed(readable_type(error), error.what());
    } catch (...) {
      return failed("", "an exception that is none of C++'s own");
    }
  }

  /// The ranks of a group fail together or not at all: when one is alone with its error, the others wait for
  /// it inside the training for ever, and the job has to end.
  AttemptEnd agree(const PlannedRun& run, int number, AttemptEnd end) {
    if (group_.control.size() == 1) return end;
    const bool is_well = end.kind == EndKind::kDone;
    if (!group_.control.barrier_within(is_well ? std::numeric_limits<double>::infinity() : kAgreement)) {
      end_own_attempt(run.folder, number, end);
      fail(ExitCode::kInternal, "{} failed on one rank of several: {}", run.id, end.text);
    }
    const Json mine = {{"kind", end.kind}, {"text", end.text}, {"type", end.type}, {"log", end.log}};
    for (const std::string& text :
         group_.control.gather(mine.dump(-1, ' ', false, Json::error_handler_t::replace))) {
      const Json theirs = Json::parse(text);
      if (end.kind == EndKind::kDone && theirs["kind"].get<EndKind>() != EndKind::kDone)
        end = {theirs["kind"].get<EndKind>(), theirs["text"].get<std::string>(),
               theirs["type"].get<std::string>(), theirs["log"].get<std::vector<std::string>>()};
    }
    return end;
  }

  void note_failure(const PlannedRun& run, const std::string& reason, TicketQueue& tickets) {
    failed_.push_back(run.id + ": " + reason);
    tickets.report(Board::ended(false));
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

  /// So that the next plan need not verify them.
  void remember_results() {
    if (plan_.empty()) return;
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
  Group group_;
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
                     const SweepOptions& options) {
  if (options.ranks_per_run < 1 || world.size() % options.ranks_per_run != 0)
    fail(ExitCode::kUsage, "groups of {} ranks cannot be made of {} ranks: give a number that divides it",
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
  return Sweep(world, plan, plan[0].folder.parent_path().parent_path(), do_run, options).go();
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
