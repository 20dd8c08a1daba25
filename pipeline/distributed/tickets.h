#pragma once
// Whole runs for ranks: each call of `next` takes the next number, no number is given twice. Rank 0 keeps the
// count, in a thread that answers the other ranks while rank 0 works, too.

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "distributed/world.h"

namespace mofi {

class TicketQueue {
 public:
  /// Collective: made by all ranks together. Tickets are 0..total-1.
  TicketQueue(const World& world, std::int64_t total);
  /// Stops answering. Ranks that go on end with `finish`.
  ~TicketQueue();
  TicketQueue(const TicketQueue&) = delete;
  TicketQueue& operator=(const TicketQueue&) = delete;

  /// The next ticket, or none when all are taken or a rank has called `stop`.
  std::optional<std::int64_t> next();
  /// Gives out no more tickets, to any rank.
  void stop();
  /// Collective: waits until every rank has its last answer.
  void finish();

 private:
  std::int64_t ask_root(char question) const;
  void answer_others();

  const World& world_;
  std::int64_t total_;
  std::atomic<std::int64_t> taken_{0};
  std::atomic<bool> closing_{false};
  std::thread server_;
};

}  // namespace mofi
