// A backbone from unlabelled music: it learns to guess masked words, data-parallel over the ranks that mpirun
// starts.

#include "training/pretrain.h"
#include "core/error.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/stop.h"
#include "distributed/gpu_plugin.h"
#include "ranked_stage.h"
#include "stage_main.h"
#include "tokens/join_tables.h"
#include "training_bar.h"

namespace mofi {
namespace {

TokenTable read_all(const std::vector<std::string>& files) {
  std::vector<TokenTable> tables;
  for (const std::string& file : files) tables.push_back(read_tokens(file));
  return joined(std::move(tables));
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  install_stop_signals();  // before any thread is started
  CLI::App app{
      "Pre-train MidiBERT on unlabelled music: masked Compound Words are guessed from those around them\n"
      "(or, with objective: next_word and model.attention: causal, each from those before it).\n"
      "Under mpirun all ranks train it together (data-parallel). A run that was stopped or killed goes on "
      "from\n"
      "its last checkpoint."};
  ConfigOptions options;
  std::vector<std::string> tokens;
  std::string output;
  add_config_options(app, options, false, "pretraining");
  app.add_option("--tokens", tokens, "tokens.h5; repeatable, all are trained on together")
      ->required()
      ->take_all();
  app.add_option("--output", output, "folder for weights.safetensors and pretraining.json")->required();
  app.footer(
      "Example:\n  mofi tokenize --dataset pretrain --input DIR --output pretrain.h5\n"
      "  mofi pretrain --config configs/pretrain_tiny.yaml --tokens pretrain.h5 --output results/tiny\n"
      "  mofi train --tokens emopia.h5 --set training.weights=results/tiny/weights.safetensors ...");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    auto config = read_config<PretrainConfig>(load(options));
    complete(config);
    const TokenTable table = read_all(tokens);
    const Keeping keeping = {output,
                             pretraining_identity(config, table),
                             {{"schema", "mofi-weights/1"},
                              {"layout", "masked-LM"},
                              {"scheme", table.scheme.name},
                              {"pretraining", config_to_json(config, true).dump()}},
                             true};
    if (world.maximum(world.is_root() && is_pretrained(keeping) ? 1 : 0) != 0) {
      if (world.is_root()) log_info("{}: this pre-training is done already", output);
      return;
    }
    const torch::Device device =
        choose_device(config.training.device, world.node_rank(), world.node_size(), false);
    const PretrainOutcome outcome =
        pretrain(world, config, table, device, keeping, TrainingBar("pretrain", !world.is_root()));
    log_debug("{}", memory_line());
    if (!world.is_root()) return;
    write_pretraining(keeping, config, table, outcome);
    fmt::print("{}\n", Json{{"metrics", outcome.metrics}, {"baselines", outcome.baselines}}.dump(2));
  });
}
