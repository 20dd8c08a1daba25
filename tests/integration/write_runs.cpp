// Writes runs that tests/integration/report_page_test makes reports of: write-runs FOLDER SITES SEEDS
// [DATA_SETS]. Conditions none, constant and mode at each of so many sites, with learning curves; on the
// first data set, one run failed.

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "unit/synthetic_runs.h"

namespace mofi {
namespace {

Json learning_curve(const SyntheticRun& run) {
  Json history = Json::array();
  for (int epoch = 1; epoch <= 12; ++epoch) {
    const double learnt = 1 - std::exp(-0.25 * epoch), luck = 0.02 * static_cast<double>(run.seed % 5);
    history.push_back(
        {{"epoch", epoch},
         {"loss", 1.39 - (0.6 + 0.5 * run.skill) * learnt + luck},
         {"valid",
          {{"loss", 1.39 - 0.5 * learnt + luck}, {"accuracy", 0.25 + run.skill * 0.6 * learnt - luck}}}});
  }
  return history;
}

void write_runs(const std::filesystem::path& folder, int sites, int seeds, int sets) {
  for (int set = 0; set < sets; ++set)
    for (int seed = 1; seed <= seeds; ++seed)
      for (int arm = 0; arm < 1 + 2 * sites; ++arm) {
        SyntheticRun run;
        run.dataset = fmt::format("music_{}", set + 1);
        run.tokens_sha256 = std::string(64, static_cast<char>('a' + set));
        run.condition = arm == 0 ? "none" : arm % 2 == 0 ? "constant" : "mode";
        run.site = arm == 0 ? 0 : (arm - 1) / 2;
        run.seed = seed;
        run.songs = 60;
        run.skill = run.condition == "mode" ? 0.55 - 0.005 * run.site - 0.05 * set : 0.42;
        RunRecord record = synthetic_record(run);
        const Predictions predictions = synthetic_predictions(run);
        record.run_id += fmt::format("-{}", run.dataset);
        record.predictions_sha256 = content_digest(predictions);
        record.history = learning_curve(run);
        const auto place = folder / "runs" / record.run_id;
        write_predictions(place / kPredictionsFile, predictions);
        write_run_record(place, record);
      }
}

/// Probes of what a frozen backbone knows of the first music, by state.
void write_probes(const std::filesystem::path& folder, int states, int seeds) {
  for (int seed = 1; seed <= seeds; ++seed)
    for (int state = 0; state < states; ++state) {
      SyntheticRun run;
      run.dataset = "probes";
      run.tokens_sha256 = std::string(64, 'f');
      run.site = state;
      run.seed = seed;
      run.songs = 60;
      run.skill = 0.3 + 0.05 * state;
      RunRecord record = synthetic_record(run);
      record.config["head"] = {{"state", state}, {"kind", "linear"}};
      record.config["injection"] = {{"condition", "none"}};
      const Predictions predictions = synthetic_predictions(run);
      record.run_id = fmt::format("probe-state{}-seed{}", state, seed);
      record.predictions_sha256 = content_digest(predictions);
      const auto place = folder / "runs" / record.run_id;
      write_predictions(place / kPredictionsFile, predictions);
      write_run_record(place, record);
    }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  if (argc < 4) return static_cast<int>(mofi::ExitCode::kUsage);
  mofi::write_runs(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), argc > 4 ? std::atoi(argv[4]) : 1);
  if (argc > 5) mofi::write_probes(argv[1], std::atoi(argv[5]), std::atoi(argv[3]));
  return 0;
}
