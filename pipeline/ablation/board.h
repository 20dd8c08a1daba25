#pragma once
// What the first rank shows of a sweep while it goes on: in a log a line now and then; on a terminal a row a
// rank at work, above the bar of the whole, drawn anew in place.

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ablation/plan.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/stopwatch.h"

namespace mofi {

struct BoardOptions {
  int max_failures = 0;  ///< after which the board refuses to go on; 0: never
  double look_s = 5;     ///< between two looks at what the ranks say of themselves (jobs.h)
  bool silent = false;   ///< shows nothing, as on all ranks but the first
};

class Board {
 public:
  /// Of `runs` runs of the plan, which must outlive it. `ranks`: the processes of the world's ranks.
  Board(const std::vector<PlannedRun>& plan, std::size_t runs, std::filesystem::path results,
        std::vector<ProcessId> ranks, const BoardOptions& options);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // What a rank reports of the run at a position of the plan, and what is to be said of its end. The first
  // rank says it for all, as lines of others would go through what is drawn.
  static std::string began(std::size_t position);
  static std::string done(const std::string& text);
  static std::string failed(const std::string& text);

  /// False once too many have failed.
  bool hear(int rank, const std::string& report);
  bool has_refused() const { return has_refused_; }

 private:
  struct UnderWay {
    std::size_t position = 0;
    std::string doing;
    Stopwatch watch;
  };
  void draw_on();
  void look();
  void draw();

  const std::vector<PlannedRun>& plan_;
  std::filesystem::path results_;
  std::vector<ProcessId> ranks_;
  BoardOptions options_;

  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  bool closing_ = false, has_refused_ = false;
  std::int64_t ended_ = 0;
  int failed_ = 0;
  std::map<int, UnderWay> running_;  ///< by rank
  ProgressBar bar_;
  std::thread thread_;  ///< on a terminal only, where times go on although nobody reports
};

}  // namespace mofi
