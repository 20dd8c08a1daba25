#include "distributed/tickets.h"

#include <chrono>

#include "core/error.h"
#include "distributed/communicator.h"
#include "distributed/pulse.h"

namespace mofi {
namespace {

constexpr int kQuestionTag = 7101;
constexpr int kAnswerTag = 7102;
constexpr char kNext = 'n';
constexpr char kReport = 'r';
constexpr char kStop = 's';
constexpr auto kPollInterval =
    std::chrono::microseconds(300);  // a hand-out costs well under 1 ms, polling next to nothing

void check(int result) {
  if (result != MPI_SUCCESS) fail(ExitCode::kInternal, "MPI: handing out runs failed with code {}", result);
}

}  // namespace

TicketQueue::TicketQueue(const World& world, std::int64_t total, OnReport on_report)
    : world_(world), total_(total), on_report_(std::move(on_report)) {
  if (world_.size() > 1 && world_.is_root()) server_ = std::thread([this] { answer_others(); });
}

TicketQueue::~TicketQueue() {
  closing_ = true;
  if (server_.joinable()) server_.join();
}

std::optional<std::int64_t> TicketQueue::next() {
  beat();
  const std::int64_t ticket = ask_root(kNext);
  if (ticket >= total_) return std::nullopt;
  return ticket;
}

void TicketQueue::report(const std::string& text) { ask_root(kReport, text); }

void TicketQueue::stop() { ask_root(kStop); }

void TicketQueue::finish() { world_.barrier(); }

std::int64_t TicketQueue::ask_root(char question, const std::string& text) {
  if (world_.is_root()) return answer(0, question, text);
  const std::string message = question + text;
  std::int64_t ticket = 0;
  MPI_Comm comm = world_.communicator().comm;
  check(MPI_Send(message.data(), static_cast<int>(message.size()), MPI_BYTE, 0, kQuestionTag, comm));
  check(MPI_Recv(&ticket, 1, MPI_INT64_T, 0, kAnswerTag, comm, MPI_STATUS_IGNORE));
  return ticket;
}

std::int64_t TicketQueue::answer(int rank, char question, const std::string& text) {
  if (question == kNext) return taken_.fetch_add(1);
  bool goes_on = question != kStop;
  if (question == kReport && on_report_) {
    const std::lock_guard lock(report_mutex_);
    goes_on = on_report_(rank, text);
  }
  if (!goes_on) taken_ = total_;
  return 0;
}

void TicketQueue::answer_others() {
  MPI_Comm comm = world_.communicator().comm;
  while (!closing_) {
    int waiting = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, kQuestionTag, comm, &waiting, &status);
    if (waiting == 0) {
      std::this_thread::sleep_for(kPollInterval);
      continue;
    }
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    std::string message(static_cast<std::size_t>(length), '\0');
    MPI_Recv(message.data(), length, MPI_BYTE, status.MPI_SOURCE, kQuestionTag, comm, MPI_STATUS_IGNORE);
    const std::int64_t ticket = answer(status.MPI_SOURCE, message[0], message.substr(1));
    MPI_Send(&ticket, 1, MPI_INT64_T, status.MPI_SOURCE, kAnswerTag, comm);
  }
}

}  // namespace mofi
