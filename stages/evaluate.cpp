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

namespace {

std::vector<std::string> class_names(const std::string& json, const std::string& weights) {
  const auto parsed = mofi::Json::parse(json, nullptr, false);
  if (!parsed.is_array() || parsed.size() < 2 || !parsed[0].is_string())
    mofi::fail(mofi::ExitCode::kData, "{}: does not name its classes; expected weights of `mofi train`",
               weights);
  return parsed.get<std::vector<std::string>>();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Score every row of a tokens file with trained weights; labels are compared where there are any."};
  std::string weights, tokens_path, mode_path, output, padding, device_name = "auto";
  app.add_option("--weights", weights, "weights.safetensors of `mofi train`")->required();
  app.add_option("--tokens", tokens_path, "tokens.h5")->required();
  app.add_option("--mode", mode_path, "mode.h5; needed when the model is told the mode");
  app.add_option("--output", output, "predictions.h5 to write")->required();
  app.add_option("--padding", padding, "masked, pooled or attended (default: as trained)")
      ->check(CLI::IsMember({"masked", "pooled", "attended"}));
  app.add_option("--device", device_name, "auto, cpu or cuda")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  app.footer(
      "Example:\n  mofi evaluate --weights results/one/weights.safetensors --tokens tokens.h5 --mode mode.h5 "
      "--output P.h5");
  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    const auto metadata = weights_metadata(weights);
    if (!metadata.contains("config") || !metadata.contains("classes"))
      fail(ExitCode::kData, "{}: does not say which model it belongs to; expected weights of `mofi train`",
           weights);
    auto config = read_config<RunConfig>(parse_config(metadata.at("config"), weights));
    config.data.rows = "all";
    if (!padding.empty()) config.training.padding = padding;

    const TokenTable tokens = read_tokens(tokens_path);
    if (metadata.contains("scheme") && metadata.at("scheme") != tokens.scheme.name)
      fail(ExitCode::kData, "{}: was trained on {} tokens; {} holds {}", weights, metadata.at("scheme"),
           tokens_path, tokens.scheme.name);
    std::optional<ModeTable> modes;
    if (!mode_path.empty()) modes = read_modes(mode_path);
    Dataset dataset = whole_table(tokens, modes ? &*modes : nullptr, config);
    const std::vector<std::string> classes = class_names(metadata.at("classes"), weights);
    if (!tokens.class_names.empty() && tokens.class_names != classes)
      fail(ExitCode::kData, "{}: tells {} apart; the labels of {} are {}", weights, fmt::join(classes, ", "),
           tokens_path, fmt::join(tokens.class_names, ", "));
    dataset.classes = static_cast<int>(classes.size());

    const torch::Device device = choose_device(device_name, world.node_rank(), world.node_size(), false);
    Classifier model =
        make_classifier(config.model, config.injection, config.head, column_sizes(tokens.scheme),
                        dataset.classes, config.seed, torch::TensorOptions(torch::kFloat32).device(device));
    const LoadReport report = load_weights(weights, model.parameters);
    if (!report.missing.empty()) fail(ExitCode::kData, "{}: lacks {}", weights, report.missing.front());

    const auto rows = dataset.rows_in({"test"});
    Predictions predictions = make_predictions(
        dataset, rows, score_rows(world, model, dataset, rows, padding_of(config.training.padding), device));
    if (!world.is_root()) return;
    predictions.class_names = classes;
    predictions.header.config_sha256 = config_digest(config_to_json(config, true));
    predictions.header.inputs = {{"tokens", tokens.header.content_sha256},
                                 {"weights", sha256_of_bytes(read_bytes(weights))}};
    if (modes) predictions.header.inputs["mode"] = modes->header.content_sha256;
    write_predictions(output, predictions);
    Json scores = row_accuracy(predictions);
    fmt::print("{}: {} rows of {} pieces{}\n", output, predictions.rows(), predictions.pieces(),
               scores.empty()
                   ? ", none labelled"
                   : fmt::format(", accuracy by row {:.4f}", scores["test"]["accuracy"].get<double>()));
  });
}
