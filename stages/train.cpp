// One run: a model fine-tuned on one set of tokens, data-parallel over the ranks that mpirun starts.

#include "ablation/experiment.h"
#include "ablation/inputs.h"
#include "ablation/run_folder.h"
#include "baselines/classical_run.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/stop.h"
#include "distributed/gpu_plugin.h"
#include "model/weights.h"
#include "ranked_stage.h"
#include "stage_main.h"
#include "training/fine_tune.h"
#include "training/start_weights.h"
#include "training_bar.h"

namespace mofi {
namespace {

/// The results of another run are not to be lost to a forgotten --output.
void refuse_other_run(const std::filesystem::path& folder, const std::string& id) {
  if (!std::filesystem::exists(folder / kResultFile)) return;
  const Json record = Json::parse(read_text(folder / kResultFile), nullptr, false);
  const std::string there = record.is_object() ? record.value("run_id", "") : "";
  if (!there.empty() && there != id)
    fail(ExitCode::kUsage, "{}: holds the finished run {}; give another --output, or remove it",
         folder.string(), there);
}

/// A classical system: nothing to go on from, and no weights.
RunResult do_classical_run(const World& world, const Cell& cell, const RunInputs& inputs,
                           const std::map<std::string, std::string>& digests,
                           const std::filesystem::path& folder) {
  if (world.is_root()) refuse_other_run(folder, run_id(cell, digests));
  RunResult result = classical_run(cell.config, inputs);
  if (!world.is_root()) return result;
  std::filesystem::remove(folder / kResultFile);
  write_run_folder(folder, run_id(cell, digests), cell.config, digests, result);
  return result;
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{
      "Train one run: fine-tune MidiBERT, or train it from scratch, with or without injection; or a "
      "classical "
      "system.\n"
      "Under mpirun all ranks train it together (data-parallel)."};
  ConfigOptions options;
  std::string tokens, mode, features, output;
  add_config_options(app, options, false);
  app.add_option("--tokens", tokens, "tokens.h5 (instead of inputs.tokens)");
  app.add_option("--mode", mode, "mode.h5 (instead of inputs.mode)");
  app.add_option("--features", features,
                 "features.h5 (instead of inputs.features), for systems that see them");
  app.add_option("--output", output,
                 "folder for result.json, predictions.h5, weights.safetensors; with a checkpoint of this run "
                 "in it, that is gone on from")
      ->required();
  app.footer(
      "Example:\n  mofi train --tokens tokens.h5 --mode mode.h5 --output results/one \\\n"
      "    --set data.split=folds --set model.size=tiny --set injection.condition=mode --set "
      "injection.site=0");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    ConfigNode root = load(options);
    std::erase_if(root.entries, [](const auto& entry) { return entry.key == "sweep"; });
    if (!tokens.empty()) set_config(root, "inputs.tokens", text_node(tokens, {"--tokens " + tokens, 0}));
    if (!mode.empty()) set_config(root, "inputs.mode", text_node(mode, {"--mode " + mode, 0}));
    if (!features.empty())
      set_config(root, "inputs.features", text_node(features, {"--features " + features, 0}));
    const Experiment experiment = read_experiment(root);
    if (experiment.music.front().inputs.tokens.empty())
      fail(ExitCode::kUsage, "no tokens: give --tokens FILE or set inputs.tokens");

    const Cell& cell = experiment.cells.front();
    SweepInputs tables(experiment.music, ".");
    const RunInputs inputs = tables.of(cell);
    const auto digests = input_digests(cell.config, inputs);
    if (is_classical(cell.config.system)) {
      const RunResult result = do_classical_run(world, cell, inputs, digests, output);
      if (world.is_root()) fmt::print("{}\n", result.metrics.dump(2));
      return;
    }
    const torch::Device device =
        choose_device(cell.config.training.device, world.node_rank(), world.node_size(), false);
    const Keeping keeping = {output, run_id(cell, digests), weights_metadata(cell.config, *inputs.tokens),
                             true};
    if (world.is_root()) refuse_other_run(keeping.folder, keeping.identity);
    TrainingBar bar("train", !world.is_root());
    const RunOutcome outcome = fine_tune(world, cell.config, inputs, device, keeping, bar);
    log_debug("{}", memory_line());
    if (!world.is_root()) return;
    std::filesystem::remove(keeping.folder / kResultFile);  // it tells of the weights before these
    save_weights(keeping.folder / "weights.safetensors", outcome.model.parameters, keeping.metadata);
    write_run_folder(keeping.folder, keeping.identity, cell.config, digests, outcome);
    remove_checkpoints(keeping);
    fmt::print("{}\n", outcome.metrics.dump(2));
  });
}
