// Logits of every row of a tokens file under trained weights.

#include "training/evaluate.h"
#include <fmt/ranges.h>

#include "ablation/experiment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "distributed/gpu_plugin.h"
#include "model/weights.h"
#include "ranked_stage.h"
#include "training/start_weights.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Score every row of a tokens file with trained weights; labels are compared where there are any."};
  std::string weights_path, tokens_path, mode_path, features_path, output, padding, device_name = "auto";
  int threads = 0;
  app.add_option("--weights", weights_path,
                 "weights.safetensors of `mofi train` or `mofi import --checkpoint`")
      ->required();
  app.add_option("--tokens", tokens_path, "tokens.h5")->required();
  app.add_option("--mode", mode_path, "mode.h5; needed when the model is told the mode");
  app.add_option("--features", features_path, "features.h5; needed when the model is told features");
  app.add_option("--output", output, "predictions.h5 to write")->required();
  app.add_option("--padding", padding, "masked, pooled or attended (default: as trained)")
      ->check(one_of({"masked", "pooled", "attended"}));
  bool hidden_states = false;
  app.add_flag(
      "--hidden-states", hidden_states,
      "also write two sums over each hidden state of each row, to compare with another implementation "
      "of the model: dataset hidden_states [rows, layers + 1, 2]");
  app.add_option("--threads", threads, "CPU threads of each rank (default: as trained)")
      ->check(integer(1, 1024));
  app.add_option("--device", device_name, "auto, cpu or cuda")->check(one_of({"auto", "cpu", "cuda"}));
  app.footer(
      "Example:\n  mofi evaluate --weights results/one/weights.safetensors --tokens tokens.h5 --mode mode.h5 "
      "--output P.h5\n\n"
      "What --hidden-states writes of a row, in numpy, for each state h (the embedding's and every layer's "
      "output,\nof the row's words without padding, in float64):\n"
      "  [h.ravel() @ np.sin(np.arange(h.size)), h.ravel() @ h.ravel()]\n"
      "Two models agree where the first numbers differ by less than about 1e-5 of the second's root.");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    const WeightsFile weights = read_weights(weights_path);
    require_classifier(weights);
    RunConfig config = *weights.config;
    config.data.rows = "all";
    if (!padding.empty()) config.training.padding = padding;
    at::set_num_threads(threads > 0 ? threads : config.training.threads);

    const TokenTable tokens = read_tokens(tokens_path);
    require_scheme(weights, tokens.scheme, tokens_path);
    std::optional<ModeTable> modes;
    if (!mode_path.empty()) modes = read_modes(mode_path);
    std::optional<FeatureTable> features;
    if (!features_path.empty()) features = read_features(features_path);
    Dataset dataset = whole_table(tokens, modes ? &*modes : nullptr, config, features ? &*features : nullptr);
    if (!dataset.class_names.empty() && dataset.class_names != weights.classes)
      fail(ExitCode::kData, "{}: tells {} apart; the labels of {} are {}", weights_path,
           fmt::join(weights.classes, ", "), tokens_path, fmt::join(dataset.class_names, ", "));
    dataset.classes = static_cast<int>(weights.classes.size());

    const torch::Device device = choose_device(device_name, world.node_rank(), world.node_size(), false);
    Classifier model = make_model(config, tokens.scheme, dataset.classes, device);
    const LoadReport report = load_weights(weights.file, weights.name, model.parameters);
    if (!report.unexpected.empty())
      fail(ExitCode::kData, "{}: its config builds a model that does not have all of its tensors:\n  {}",
           weights_path, fmt::join(report.unexpected, "\n  "));

    const auto rows = dataset.rows_in({"test"});
    const Padding convention = padding_of(config.training.padding);
    Predictions predictions =
        make_predictions(dataset, rows, score_rows(world, model, dataset, rows, convention, device));
    if (hidden_states) {
      const torch::Tensor sums = hidden_state_sums(world, model, dataset, rows, convention, device);
      const auto* values = sums.const_data_ptr<double>();
      predictions.hidden_states.assign(values, values + sums.numel());
    }
    if (!world.is_root()) return;
    predictions.class_names = weights.classes;
    predictions.header.config_sha256 = config_digest(config_to_json(config, true));
    predictions.header.inputs = {{"tokens", tokens.header.content_sha256},
                                 {"weights", sha256_of_bytes(weights.file.contents)}};
    if (modes) predictions.header.inputs["mode"] = modes->header.content_sha256;
    if (features) predictions.header.inputs["features"] = features->header.content_sha256;
    write_predictions(output, predictions);
    Json scores = row_accuracy(predictions);
    fmt::print("{}: {} rows of {} pieces{}\n", output, predictions.rows(), predictions.pieces(),
               scores.empty()
                   ? ", none labelled"
                   : fmt::format(", accuracy by row {:.4f}", scores["test"]["accuracy"].get<double>()));
  });
}
