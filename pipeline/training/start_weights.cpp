#include "training/start_weights.h"

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/log.h"
#include "model/weights.h"
#include "training/dataset.h"

namespace mofi {

Classifier make_model(const RunConfig& config, const TokenScheme& scheme, int classes, torch::Device device) {
  const torch::TensorOptions options = torch::TensorOptions(torch::kFloat32).device(device);
  Classifier model = is_recurrent(config.system)
                         ? make_recurrent_classifier(config.recurrent, config.system == kBilma, config.head,
                                                     column_sizes(scheme), classes, config.seed, options)
                         : make_classifier(config.model, config.injection, config.head, column_sizes(scheme),
                                           classes, config.seed, options);
  for (const std::string& name : config.training.auxiliary)
    add_auxiliary_head(model, name, auxiliary_task(name).classes);
  return model;
}

std::map<std::string, std::string> weights_metadata(const RunConfig& config, const TokenTable& tokens) {
  return {{"schema", "mofi-weights/1"},
          {"config", config_to_json(config, true).dump()},
          {"scheme", tokens.scheme.name},
          {"classes", Json(tokens.class_names).dump()}};
}

void load_start_weights(const RunConfig& config, const TokenScheme& scheme, Classifier& model) {
  load_start_weights(read_weights(config.training.weights), config, scheme, model);
}

void load_start_weights(const WeightsFile& weights, const RunConfig& config, const TokenScheme& scheme,
                        Classifier& model) {
  if (const std::string why = system_misfit(weights, config.system); !why.empty())
    fail(ExitCode::kUsage, "{}", why);
  if (const std::string why = size_misfit(weights, config.model); !why.empty())
    fail(ExitCode::kUsage, "{}", why);
  require_scheme(weights, scheme, "the tokens file");
  const auto classes = static_cast<std::size_t>(model.head.classes());
  if (!weights.classes.empty() && weights.classes.size() != classes)
    fail(ExitCode::kData,
         "{}: tells {} classes apart, the tokens file has {}; to begin from its backbone alone, make it by "
         "`mofi "
         "import --checkpoint {} --backbone-only --output FILE`",
         weights.name, weights.classes.size(), classes, weights.name);
  const LoadReport report = load_weights(weights.file, weights.name, model.parameters, "midibert.");
  if (!report.missing.empty()) {
    // Of a backbone, or of a pre-trained model, nobody expects a head.
    const std::string told = fmt::format("{}: does not have these parameters, which begin anew: {}",
                                         weights.name, fmt::join(report.missing, ", "));
    weights.layout == "sequence" ? log_info("{}", told) : log_debug("{}", told);
  }
  if (!report.unexpected.empty() && weights.layout != "masked-LM")  // whose head nobody fine-tunes with
    log_warning("{}: of its tensors, these are not used: {}", weights.name,
                fmt::join(report.unexpected, ", "));
}

}  // namespace mofi
