#include "distributed/watchdog.h"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr int kReportTag = 1, kAnswerTag = 2;

/// Who a rank is: told once, at the start, while all are there to tell it.
struct Seat {
  std::int32_t pid = 0;
  std::array<char, 60> host{};
};

/// What a rank tells rank 0. At most one is under way: the next waits for the answer.
struct Report {
  std::uint64_t entered = 0, moves = 0, beats = 0;
  std::int32_t inside = 0;
  std::int32_t last = 0;  ///< 1: this rank leaves, as all do
  std::array<char, 64> note{};
};

Report report_of(const Pulse& pulse, bool last) {
  Report report{pulse.entered, pulse.moves, pulse.beats, pulse.inside ? 1 : 0, last ? 1 : 0, {}};
  pulse.note.copy(report.note.data(), report.note.size() - 1);
  return report;
}

void check(int result) {
  if (result != MPI_SUCCESS) fail(ExitCode::kInternal, "MPI: watching the ranks failed with code {}", result);
}

/// Time as this process lives through it: it stands still while the process does.
class LivedTime {
 public:
  explicit LivedTime(double longest_step_s) : longest_step_s_(longest_step_s) {}
  double now() {
    const auto real = steady_clock::now();
    lived_s_ += std::min(duration<double>(real - before_).count(), longest_step_s_);
    before_ = real;
    return lived_s_;
  }

 private:
  double longest_step_s_, lived_s_ = 0;
  steady_clock::time_point before_ = steady_clock::now();
};

/// A rank as rank 0 follows it; times are lived ones of rank 0.
struct Followed {
  Report report;
  double heard_s = 0, moved_s = 0, alive_s = 0;

  void update(const Report& next, double now_s) {
    heard_s = now_s;
    if (next.moves != report.moves) moved_s = now_s;
    if (next.moves != report.moves || next.beats != report.beats) alive_s = now_s;
    report = next;
  }
  RankState state(double now_s) const {
    if (report.last != 0) return {report.entered};
    return {report.entered, report.inside != 0, now_s - heard_s, now_s - moved_s, now_s - alive_s};
  }
};

}  // namespace

std::optional<Verdict> judge(std::span<const RankState> ranks, double limit_s) {
  using Kind = Verdict::Kind;
  const auto silent = std::max_element(ranks.begin(), ranks.end(),
                                       [](const auto& a, const auto& b) { return a.silent_s < b.silent_s; });
  const auto number = [&](auto rank) { return static_cast<int>(rank - ranks.begin()); };
  if (silent != ranks.end() && silent->silent_s > limit_s)
    return Verdict{Kind::kSilent, number(silent), silent->silent_s};

  // How far those have come who do not get on, inside a collective or after having issued one to a device.
  std::uint64_t furthest = 0;
  bool anyone_waits = false, nobody_works = true;
  for (const RankState& rank : ranks) {
    const bool waits = rank.inside && rank.unmoved_s > limit_s, lifeless = rank.lifeless_s > limit_s;
    if (waits || lifeless) furthest = std::max(furthest, rank.entered);
    anyone_waits = anyone_waits || waits;
    nobody_works = nobody_works && (waits || lifeless);
  }
  const auto fewest = [&](auto concerned) {
    auto found = ranks.end();
    for (auto rank = ranks.begin(); rank != ranks.end(); ++rank)
      if (concerned(*rank) && (found == ranks.end() || rank->entered < found->entered)) found = rank;
    return found;
  };
  const auto stuck = fewest([&](const RankState& rank) {
    return !rank.inside && rank.lifeless_s > limit_s && rank.entered < furthest;
  });
  if (stuck != ranks.end()) {
    // A process that was stopped is lifeless a little longer than it is silent.
    const bool stopped = stuck->silent_s > limit_s / 2;
    return Verdict{stopped ? Kind::kSilent : Kind::kStuck, number(stuck), stuck->lifeless_s};
  }
  if (!anyone_waits || !nobody_works) return std::nullopt;
  auto odd = fewest([](const RankState& rank) { return !rank.inside; });
  if (odd == ranks.end()) odd = fewest([](const RankState&) { return true; });
  return Verdict{Kind::kDeadlock, number(odd), odd->unmoved_s};
}

class Watchdog::Thread {
 public:
  explicit Thread(double limit_s) : limit_s_(limit_s), period_s_(std::clamp(limit_s / 10, 0.02, 1.0)) {
    // A communicator of its own: its messages never meet those of the work.
    check(MPI_Comm_dup(MPI_COMM_WORLD, &communicator_));
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
    Seat seat;
    seat.pid = getpid();
    gethostname(seat.host.data(), seat.host.size() - 1);
    seats_.resize(static_cast<std::size_t>(size_));
    check(MPI_Allgather(&seat, sizeof seat, MPI_BYTE, seats_.data(), sizeof seat, MPI_BYTE, communicator_));
    thread_ = std::thread([this] {
      try {
        rank_ == 0 ? follow_all() : report_to_first();
      } catch (const std::exception& error) {
        end_job(error.what());
      }
    });
  }

  ~Thread() {
    {
      const InCollective inside;
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Ibarrier(communicator_, &request);
      for (int done = 0; done == 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    {
      const std::lock_guard lock(mutex_);
      leaving_ = true;
    }
    wake_.notify_one();
    thread_.join();
    MPI_Comm_free(&communicator_);
  }

 private:
  /// Sleeps until there is something to do: a period, or next to nothing once the ranks leave.
  bool rest() {
    std::unique_lock lock(mutex_);
    if (leaving_) {
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return true;
    }
    wake_.wait_for(lock, duration<double>(period_s_), [this] { return leaving_; });
    return leaving_;
  }

  void follow_all() {
    LivedTime time(2 * period_s_);
    std::vector<Followed> ranks(seats_.size());
    std::vector<RankState> states(seats_.size());
    std::vector<MPI_Request> answers(seats_.size(), MPI_REQUEST_NULL);
    const char answer = 0;
    std::size_t left = 0;
    for (bool leaving = false; !leaving || left + 1 < seats_.size(); leaving = rest()) {
      const double now_s = time.now();
      while (true) {
        int waiting = 0;
        MPI_Status status;
        check(MPI_Iprobe(MPI_ANY_SOURCE, kReportTag, communicator_, &waiting, &status));
        if (waiting == 0) break;
        Report report;
        check(MPI_Recv(&report, sizeof report, MPI_BYTE, status.MPI_SOURCE, kReportTag, communicator_,
                       MPI_STATUS_IGNORE));
        const auto from = static_cast<std::size_t>(status.MPI_SOURCE);
        ranks[from].update(report, now_s);
        if (report.last != 0) ++left;
        check(MPI_Wait(&answers[from], MPI_STATUS_IGNORE));  // it came, or there were no second report
        check(MPI_Isend(&answer, 1, MPI_BYTE, status.MPI_SOURCE, kAnswerTag, communicator_, &answers[from]));
      }
      ranks[0].update(report_of(pulse(), false), now_s);
      std::transform(ranks.begin(), ranks.end(), states.begin(),
                     [&](const Followed& rank) { return rank.state(now_s); });
      const auto verdict = judge(states, limit_s_);
      if (!verdict) continue;
      if (verdict->kind == Verdict::Kind::kDeadlock) end_job(deadlock_sentence(*verdict, ranks));
      end_job(sentence(*verdict, ranks[static_cast<std::size_t>(verdict->rank)].report.note.data()));
    }
    check(MPI_Waitall(size_, answers.data(), MPI_STATUSES_IGNORE));
  }

  void report_to_first() {
    LivedTime time(2 * period_s_);
    // Should the first be silent, the second says it for all, and the others only if that one is silent, too.
    const double patience_s = limit_s_ + 3 * period_s_ * (rank_ - 1);
    Report report;
    char answer = 0;
    std::array<MPI_Request, 2> exchange = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    double heard_s = 0;
    for (bool leaving = false;; leaving = rest()) {
      const double now_s = time.now();
      int answered = 0;  // also true before the first report
      check(MPI_Testall(2, exchange.data(), &answered, MPI_STATUSES_IGNORE));
      if (answered != 0) {
        heard_s = now_s;
        if (report.last != 0) return;
        report = report_of(pulse(), leaving);
        check(MPI_Irecv(&answer, 1, MPI_BYTE, 0, kAnswerTag, communicator_, exchange.data()));
        check(MPI_Isend(&report, sizeof report, MPI_BYTE, 0, kReportTag, communicator_, exchange.data() + 1));
      } else if (now_s - heard_s > patience_s) {
        end_job(sentence({Verdict::Kind::kSilent, 0, now_s - heard_s}, ""));
      }
    }
  }

  /// "rank 1 (process 4711 on fermi; it last told of step 120)".
  std::string name_of(int rank, const std::string& note) const {
    const Seat& seat = seats_[static_cast<std::size_t>(rank)];
    return fmt::format("rank {} (process {} on {}{}{})", rank, seat.pid, seat.host.data(),
                       note.empty() ? "" : "; it last told of ", note);
  }

  std::string sentence(const Verdict& verdict, const std::string& note) const {
    const std::string who = name_of(verdict.rank, note);
    const std::string then = fmt::format("--rank-timeout allows more than {:g} s", limit_s_);
    if (verdict.kind == Verdict::Kind::kSilent)
      return fmt::format(
          "{} has been silent for {:.1f} s, so the job ends: the process is stopped, or its machine is "
          "overloaded or gone; see to it and start the job again; {}",
          who, verdict.for_s, then);
    return fmt::format(
        "{} has not gone on for {:.1f} s while other ranks wait for it, so the job ends: see what holds it "
        "up "
        "there (a disk that hangs, say) and start the job again; {}",
        who, verdict.for_s, then);
  }

  /// Where nobody is at fault alone, what all of them did may tell.
  std::string deadlock_sentence(const Verdict& verdict, const std::vector<Followed>& ranks) const {
    constexpr std::size_t kNamed = 8;
    std::string all;
    for (std::size_t rank = 0; rank < std::min(ranks.size(), kNamed); ++rank)
      all += fmt::format("{}{}", rank == 0 ? "" : ", ",
                         name_of(static_cast<int>(rank), ranks[rank].report.note.data()));
    return fmt::format(
        "no rank has gone on for {:.1f} s although all wait for each other, so the job ends: the network or "
        "MPI hangs, or the ranks disagree on what comes next: {}{}; --rank-timeout allows more than {:g} s",
        verdict.for_s, all, ranks.size() > kNamed ? ", ..." : "", limit_s_);
  }

  [[noreturn]] static void end_job(const std::string& sentence) {
    log_error("{}", sentence);
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::kInternal));
    std::_Exit(static_cast<int>(ExitCode::kInternal));
  }

  double limit_s_, period_s_;
  int rank_ = 0, size_ = 1;
  MPI_Comm communicator_ = MPI_COMM_NULL;
  std::vector<Seat> seats_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool leaving_ = false;
  std::thread thread_;
};

Watchdog::Watchdog(double limit_s) : thread_(std::make_unique<Thread>(limit_s)) {}
Watchdog::~Watchdog() = default;

}  // namespace mofi
