#include "ranked_stage.h"

#include "core/error.h"
#include "core/log.h"

namespace mofi {

int run_ranked_stage(int argc, char** argv, CLI::App& app, const std::function<void(const World&)>& body) {
  double rank_timeout_s = kRankTimeout;
  app.add_option("--rank-timeout", rank_timeout_s,
                 "seconds after which a rank that hangs ends the job of all; 0: never")
      ->check(number(0))
      ->capture_default_str();
  return run_stage(argc, argv, app, [&] {
    const World world(rank_timeout_s);
    set_log_rank(world.rank());
    const auto leave = [&](ExitCode code, const std::string& sentence) {
      // A stop is agreed on by all ranks, so all leave by themselves.
      if (code == ExitCode::kStopped && !world.is_root()) start_logging("off");  // the root says it for all
      if (world.size() == 1 || code == ExitCode::kStopped) throw Error(code, sentence);
      let_first_rank_speak();
      log_error("{}", sentence);
      world.abort(static_cast<int>(code));
    };
    try {
      body(world);
    } catch (const Error& error) {
      leave(error.code(), error.what());
    } catch (const std::exception& error) {
      leave(ExitCode::kInternal, internal_error_sentence(error));
    }
  });
}

}  // namespace mofi
