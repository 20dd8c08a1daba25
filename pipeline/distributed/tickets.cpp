#include "distributed/tickets.h"

#include <mpi.h>

#include <chrono>

namespace mofi {
namespace {

constexpr int kRequestTag = 7101;
constexpr int kAnswerTag = 7102;
constexpr auto kPollInterval =
    std::chrono::microseconds(300);  // a hand-out costs well under 1 ms, polling next to nothing

}  // namespace

TicketQueue::TicketQueue(const World& world, std::int64_t total) : world_(world), total_(total) {
  if (world_.size() > 1 && world_.is_root()) server_ = std::thread([this] { answer_others(); });
}

TicketQueue::~TicketQueue() {
  // Every rank has its last answer before it arrives here, so after the barrier nobody asks any more.
  world_.barrier();
  closing_ = true;
  if (server_.joinable()) server_.join();
}

std::optional<std::int64_t> TicketQueue::next() {
  std::int64_t ticket = 0;
  if (world_.is_root()) {
    ticket = taken_.fetch_add(1);
  } else {
    const char request = 0;
    MPI_Send(&request, 1, MPI_BYTE, 0, kRequestTag, MPI_COMM_WORLD);
    MPI_Recv(&ticket, 1, MPI_INT64_T, 0, kAnswerTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  if (ticket >= total_) return std::nullopt;
  return ticket;
}

void TicketQueue::answer_others() {
  while (!closing_) {
    int waiting = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, kRequestTag, MPI_COMM_WORLD, &waiting, &status);
    if (waiting == 0) {
      std::this_thread::sleep_for(kPollInterval);
      continue;
    }
    char request = 0;
    MPI_Recv(&request, 1, MPI_BYTE, status.MPI_SOURCE, kRequestTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    const std::int64_t ticket = taken_.fetch_add(1);
    MPI_Send(&ticket, 1, MPI_INT64_T, status.MPI_SOURCE, kAnswerTag, MPI_COMM_WORLD);
  }
}

}  // namespace mofi
