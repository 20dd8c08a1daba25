// How far everything in the results folders is, at a glance.

#include "ablation/overview.h"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "core/stop.h"
#include "core/terminal.h"
#include "stage_main.h"

namespace mofi {
namespace {

std::vector<Overview> look(const std::vector<std::string>& folders) {
  std::vector<Overview> all;
  for (const std::string& folder : folders) {
    std::vector<Overview> found = overviews(folder);
    if (found.empty())
      fail(
          ExitCode::kMissing,
          "{}: holds no sweep, pre-training or run; `mofi demo` or `mofi run --config F` makes one, and mofi "
          "status DIR ... looks elsewhere",
          folder);
    std::ranges::move(found, std::back_inserter(all));
  }
  return all;
}

std::string shown(const std::vector<Overview>& all) {
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  return overview_text(all, is_terminal ? terminal_size(STDOUT_FILENO).columns : 0,
                       can_show_colours(STDOUT_FILENO));
}

/// Until a signal asks it to stop, as Ctrl-C does.
void watch(const std::vector<std::string>& folders, double seconds) {
  using Clock = std::chrono::steady_clock;
  while (requested_stop() == 0) {
    const std::string text = shown(look(folders));
    fmt::print("\033[H\033[J{}", text);  // from the first row on, what was there goes
    std::fflush(stdout);
    const auto next = Clock::now() + std::chrono::duration<double>(seconds);
    while (requested_stop() == 0 && Clock::now() < next)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Say at a glance how far everything is: a line for every sweep, pre-training and single run below the "
      "folders, with what is done, running, failed and to do, the rate and the time left. Of one sweep in "
      "detail: mofi sweep status."};
  std::vector<std::string> folders = {"results"};
  bool json = false;
  double seconds = 0;
  app.add_option("DIR", folders, "folders of results");
  auto* as_json = app.add_flag("--json", json, "for other programs");
  app.add_option("--watch", seconds, "on a terminal: look again after so many seconds, until Ctrl-C")
      ->check(number(0.1, 86400))
      ->default_str("")
      ->excludes(as_json);
  app.footer("Examples:\n  mofi status\n  mofi status results/demo --json\n  mofi status --watch 10");
  return run_stage(argc, argv, app, [&] {
    if (seconds == 0) {
      const std::vector<Overview> all = look(folders);
      if (json)
        fmt::print("{}\n", to_json(all).dump(1, ' ', false, Json::error_handler_t::replace));
      else
        fmt::print("{}", shown(all));
      return;
    }
    if (!can_move_cursor(STDOUT_FILENO))
      fail(ExitCode::kUsage, "--watch draws on a terminal, and standard output is none; leave it out");
    install_stop_signals();
    watch(folders, seconds);
  });
}
