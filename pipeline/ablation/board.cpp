#include "ablation/board.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "ablation/jobs.h"
#include "ablation/under_way.h"
#include "core/aligned.h"
#include "core/log.h"

namespace mofi {
namespace {

constexpr std::chrono::milliseconds kRedraw{500};
constexpr double kShortestLook = 0.5;  // s

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Board::Board(const std::vector<PlannedRun>& plan, std::size_t runs, std::filesystem::path results,
             std::vector<ProcessId> ranks, const BoardOptions& options)
    : plan_(plan),
      results_(std::move(results)),
      ranks_(std::move(ranks)),
      options_(options),
      bar_("sweep", "runs", static_cast<std::int64_t>(runs), options.silent) {
  options_.look_s = std::max(options_.look_s, kShortestLook);
  if (bar_.has_rows()) thread_ = std::thread([this] { draw_on(); });
}

Board::~Board() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::string Board::began(std::size_t position) { return fmt::format("began {}", position); }
std::string Board::done(const std::string& text) { return "done " + text; }
std::string Board::failed(const std::string& text) { return "failed " + text; }

bool Board::hear(int rank, const std::string& report) {
  const std::lock_guard lock(mutex_);
  const auto blank = report.find(' ');
  const std::string what = report.substr(0, blank), text = report.substr(blank + 1);
  if (what == "began") {
    running_[rank] = {std::stoul(text), "", {}};
  } else {
    running_.erase(rank);
    ++ended_;
    const std::string line = (rank > 0 ? fmt::format("[rank {}] ", rank) : "") + text;
    if (what == "failed") {
      ++failed_;
      if (!text.empty()) log_warning("{}", line);
    } else if (!text.empty()) {
      log_info("{}", line);
    }
  }
  has_refused_ |= options_.max_failures > 0 && failed_ >= options_.max_failures;
  draw();
  return !has_refused_;
}

void Board::draw() {
  std::string note = failed_ > 0 ? fmt::format("{} failed", failed_) : "";
  if (bar_.has_rows()) {
    std::vector<std::vector<std::string>> rows = {{"rank", "time", "run", "doing"}};
    for (const auto& [rank, now] : running_)
      rows.push_back({std::to_string(rank), readable_duration(now.watch.seconds()),
                      plan_[now.position].cell->slug, now.doing});
    bar_.set_rows(rows.size() > 1 ? lines_of(aligned(rows, "rrll")) : std::vector<std::string>{});
  } else {
    for (const auto& [rank, now] : running_)
      note += fmt::format("{}{}", note.empty() ? "" : ", ", plan_[now.position].cell->slug);
  }
  bar_.update(ended_, note);
}

void Board::draw_on() {
  std::unique_lock lock(mutex_);
  Stopwatch since_look;
  while (!wake_.wait_for(lock, kRedraw, [this] { return closing_; })) {
    if (since_look.seconds() >= options_.look_s) {
      lock.unlock();
      look();
      lock.lock();
      since_look.restart();
    }
    draw();
  }
}

/// Reads files, which may take its time: reports are heard meanwhile.
void Board::look() {
  std::map<int, std::size_t> positions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [rank, now] : running_) positions[rank] = now.position;
  }
  for (const auto& [rank, position] : positions) {
    const std::string doing =
        under_way(plan_[position], results_, ranks_.at(static_cast<std::size_t>(rank))).text();
    const std::lock_guard lock(mutex_);
    const auto now = running_.find(rank);
    if (now != running_.end() && now->second.position == position) now->second.doing = doing;
  }
}

}  // namespace mofi
