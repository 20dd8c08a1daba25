#include "distributed/tickets.h"

#include <mpi.h>

#include <chrono>

#include "core/error.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

constexpr int kQuestionTag = 7101;
constexpr int kAnswerTag = 7102;
constexpr char kNext = 'n';
constexpr char kStop = 's';
constexpr auto kPollInterval =
    std::chrono::microseconds(300);  // a hand-out costs well under 1 ms, polling next to nothing

void check(int result) {
  if (result != MPI_SUCCESS) fail(ExitCode::kInternal, "MPI: handing out runs failed with code {}", result);
}

}  // namespace

TicketQueue::TicketQueue(const World& world, std::int64_t total) : world_(world), total_(total) {
  if (world_.size() > 1 && world_.is_root()) server_ = std::thread([this] { answer_others(); });
}

TicketQueue::~TicketQueue() {
  closing_ = true;
  if (server_.joinable()) server_.join();
}

std::optional<std::int64_t> TicketQueue::next() {
  beat();
  const std::int64_t ticket = world_.is_root() ? taken_.fetch_add(1) : ask_root(kNext);
  if (ticket >= total_) return std::nullopt;
  return ticket;
}

void TicketQueue::stop() {
  if (world_.is_root())
    taken_ = total_;
  else
    ask_root(kStop);
}

void TicketQueue::finish() { world_.barrier(); }

std::int64_t TicketQueue::ask_root(char question) const {
  std::int64_t ticket = 0;
  check(MPI_Send(&question, 1, MPI_BYTE, 0, kQuestionTag, MPI_COMM_WORLD));
  check(MPI_Recv(&ticket, 1, MPI_INT64_T, 0, kAnswerTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
  return ticket;
}

void TicketQueue::answer_others() {
  while (!closing_) {
    int waiting = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, kQuestionTag, MPI_COMM_WORLD, &waiting, &status);
    if (waiting == 0) {
      std::this_thread::sleep_for(kPollInterval);
      continue;
    }
    char question = kNext;
    MPI_Recv(&question, 1, MPI_BYTE, status.MPI_SOURCE, kQuestionTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (question == kStop) taken_ = total_;
    const std::int64_t ticket = taken_.fetch_add(1);
    MPI_Send(&ticket, 1, MPI_INT64_T, status.MPI_SOURCE, kAnswerTag, MPI_COMM_WORLD);
  }
}

}  // namespace mofi
