#pragma once
// Whole runs for ranks: each call of `next` takes the next number, no number is given twice. Rank 0 keeps the
// count, in a thread that answers the other ranks while rank 0 works, too; and hears there what becomes of
// them.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "distributed/world.h"

namespace mofi {

class TicketQueue {
 public:
  /// What a rank reported, on rank 0, one call at a time. False: no more tickets, to any rank.
  using OnReport = std::function<bool(int rank, const std::string& text)>;

  /// Collective: made by all ranks together. Tickets are 0..total-1.
  TicketQueue(const World& world, std::int64_t total, OnReport on_report = nullptr);
  /// Stops answering. Ranks that go on end with `finish`.
  ~TicketQueue();
  TicketQueue(const TicketQueue&) = delete;
  TicketQueue& operator=(const TicketQueue&) = delete;

  /// The next ticket, or none when all are taken or a rank has called `stop`.
  std::optional<std::int64_t> next();
  /// Tells rank 0; comes back when it has heard.
  void report(const std::string& text);
  /// Gives out no more tickets, to any rank.
  void stop();
  /// Collective: waits until every rank has its last answer.
  void finish();

 private:
  std::int64_t ask_root(char question, const std::string& text = {});
  std::int64_t answer(int rank, char question, const std::string& text);
  void answer_others();

  const World& world_;
  std::int64_t total_;
  OnReport on_report_;
  std::mutex report_mutex_;
  std::atomic<std::int64_t> taken_{0};
  std::atomic<bool> closing_{false};
  std::thread server_;
};

}  // namespace mofi
