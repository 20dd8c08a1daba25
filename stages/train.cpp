// One run: a model fine-tuned on one set of tokens, data-parallel over the ranks that mpirun starts.

#include "ablation/prepare.h"
#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/stop.h"
#include "distributed/gpu_plugin.h"
#include "model/weights.h"
#include "ranked_stage.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{
      "Train one run: fine-tune MidiBERT, or train it from scratch, with or without injection.\n"
      "Under mpirun all ranks train it together (data-parallel)."};
  ConfigOptions options;
  std::string tokens, mode, output;
  add_config_options(app, options, false);
  app.add_option("--tokens", tokens, "tokens.h5 (instead of inputs.tokens)");
  app.add_option("--mode", mode, "mode.h5 (instead of inputs.mode)");
  app.add_option("--output", output, "folder for result.json, predictions.h5, weights.safetensors")
      ->required();
  app.footer(
      "Example:\n  mofi train --tokens tokens.h5 --mode mode.h5 --output results/one \\\n"
      "    --set model.size=tiny --set injection.condition=mode --set injection.site=0");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    ConfigNode root = load(options);
    std::erase_if(root.entries, [](const auto& entry) { return entry.key == "sweep"; });
    Experiment experiment = read_experiment(root);
    if (!tokens.empty()) experiment.inputs.tokens = tokens;
    if (!mode.empty()) experiment.inputs.mode = mode;
    if (experiment.inputs.tokens.empty())
      fail(ExitCode::kUsage, "no tokens: give --tokens FILE or set inputs.tokens");

    const LoadedInputs inputs = load_inputs(experiment.inputs, ".");
    const Cell& cell = experiment.cells.front();
    const torch::Device device =
        choose_device(cell.config.training.device, world.node_rank(), world.node_size(), false);
    ProgressBar bar("train", "epochs", cell.config.training.epochs, !world.is_root());
    const RunOutcome outcome =
        fine_tune(world, cell.config, inputs.view(), device, [&](const EpochReport& epoch) {
          bar.update(epoch.epoch, fmt::format("loss {:.4f}, {:.0f} rows/s", epoch.loss, epoch.rows_per_s));
        });
    if (!world.is_root()) return;
    const auto digests = input_digests(cell.config, inputs.view());
    std::filesystem::remove(std::filesystem::path(output) /
                            kResultFile);  // it tells of the weights before these
    save_weights(std::filesystem::path(output) / "weights.safetensors", outcome.model.parameters,
                 {{"schema", "mofi-weights/1"},
                  {"config", config_to_json(cell.config, true).dump()},
                  {"scheme", inputs.tokens.scheme.name},
                  {"classes", Json(inputs.tokens.class_names).dump()}});
    write_run_folder(output, run_id(cell, digests), cell.config, digests, outcome);
    fmt::print("{}\n", outcome.metrics.dump(2));
  });
}
