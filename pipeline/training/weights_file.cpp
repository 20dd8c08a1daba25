#include "training/weights_file.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "storage/midibert_layout.h"
#include "training/pretrain_config.h"

namespace mofi {
namespace {

std::vector<std::string> class_names(const std::string& json, const std::string& file) {
  const auto parsed = Json::parse(json, nullptr, false);
  const bool is_list = parsed.is_array() && parsed.size() >= 2 &&
                       std::ranges::all_of(parsed, [](const Json& name) { return name.is_string(); });
  if (!is_list)
    fail(ExitCode::kData, "{}: does not name its classes; expected weights of `mofi train`", file);
  return parsed.get<std::vector<std::string>>();
}

std::string attention_of(const std::string& pretraining, const std::string& file) {
  try {
    return read_config<PretrainConfig>(parse_config(pretraining, file)).model.attention;
  } catch (const Error& error) {
    fail(ExitCode::kData, "its pre-training is none of this program's: {}", error.what());
  }
}

/// What the shapes say of a file that has no metadata.
void describe_by_shapes(WeightsFile& weights) {
  const auto layout = midibert_layout(weights.file.tensors);
  if (!layout) return;
  if (weights.layout.empty()) weights.layout = layout->kind;
  const MidibertSizes& sizes = layout->sizes;
  if (weights.scheme.empty())
    for (const std::string& name : token_scheme_names())
      if (std::ranges::equal(token_scheme(name).columns, sizes.column_sizes, {}, &TokenColumn::size))
        weights.scheme = name;
  const auto set = [](int& field, std::int64_t extent) {  // an extent that is not known is -1
    if (extent > 0 && extent < 1 << 24) field = static_cast<int>(extent);
    return extent > 0 && extent < 1 << 24;
  };
  BackboneConfig model;
  if (set(model.layers, sizes.layers) && set(model.hidden, sizes.hidden) && set(model.heads, sizes.heads) &&
      set(model.intermediate, sizes.intermediate) && set(model.embedding_width, sizes.embedding_width) &&
      set(model.max_position, sizes.max_position))
    weights.model = model;
}

/// What the file says of itself, with its tensors.
WeightsFile described(const std::filesystem::path& path, SafeTensorFile file) {
  WeightsFile weights{.name = path.string(), .file = std::move(file)};
  const auto& metadata = weights.file.metadata;
  const auto text = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
  };
  weights.layout = text("layout");
  weights.scheme = text("scheme");
  if (metadata.contains("config")) {
    try {
      weights.config = read_config<RunConfig>(parse_config(text("config"), weights.name));
    } catch (const Error& error) {
      fail(ExitCode::kData, "its config is none of this program's: {}", error.what());
    }
    weights.model = weights.config->model;
  }
  if (metadata.contains("pretraining")) weights.attention = attention_of(text("pretraining"), weights.name);
  if (weights.config) weights.attention = weights.config->model.attention;
  if (metadata.contains("classes")) {
    weights.classes = class_names(text("classes"), weights.name);
    if (weights.layout.empty()) weights.layout = "sequence";  // `mofi train` makes no other
  }
  if (weights.layout.empty() || weights.scheme.empty() || !weights.model) describe_by_shapes(weights);
  return weights;
}

}  // namespace

WeightsFile read_weights(const std::filesystem::path& path) {
  return described(path, read_safetensors(path));
}

WeightsFile read_weights_header(const std::filesystem::path& path) {
  return described(path, read_safetensors_header(path));
}

std::string size_misfit(const WeightsFile& weights, const BackboneConfig& asked) {
  if (weights.attention != asked.attention)
    return fmt::format("{}: its words attend as model.attention: {} says, the config asks for {}",
                       weights.name, weights.attention, asked.attention);
  if (!weights.model) return "";
  const BackboneConfig& found = *weights.model;
  struct Size {
    const char* field;
    int found, asked;
  };
  std::vector<std::string> settings;
  for (const Size& size :
       {Size{"layers", found.layers, asked.layers}, Size{"hidden", found.hidden, asked.hidden},
        Size{"heads", found.heads, asked.heads}, Size{"intermediate", found.intermediate, asked.intermediate},
        Size{"embedding_width", found.embedding_width, asked.embedding_width},
        Size{"max_position", found.max_position, asked.max_position}})
    if (size.found != size.asked)
      settings.push_back(fmt::format("model.{}={} (not {})", size.field, size.found, size.asked));
  if (settings.empty()) return "";
  return fmt::format("{}: is a model of {} x {} layers, the config asks for {} x {}; what fits it is {}",
                     weights.name, found.hidden, found.layers, asked.hidden, asked.layers,
                     fmt::join(settings, ", "));
}

std::string system_misfit(const WeightsFile& weights, const std::string& system) {
  if (!weights.config || weights.config->system == system) return "";
  return fmt::format("{}: is of system {}; the config asks for {}", weights.name, weights.config->system,
                     system);
}

void require_scheme(const WeightsFile& weights, const TokenScheme& scheme, const std::string& tokens_name) {
  if (!weights.scheme.empty() && weights.scheme != scheme.name)
    fail(ExitCode::kData, "{}: was trained on {} tokens; {} holds {}", weights.name, weights.scheme,
         tokens_name, scheme.name);
}

void require_classifier(const WeightsFile& weights) {
  if (!weights.layout.empty() && weights.layout != "sequence")
    fail(ExitCode::kData,
         "{}: its layout is {}; evaluate needs a sequence classifier, such as `mofi train --set "
         "training.weights={}` makes of it",
         weights.name, weights.layout, weights.name);
  if (!weights.config || weights.classes.empty())
    fail(ExitCode::kData,
         "{}: does not say which model it belongs to; expected weights of `mofi train` or `mofi import "
         "--checkpoint`",
         weights.name);
}

std::string WeightsHeaders::misfit(const RunConfig& config, const std::string& scheme) {
  const std::string& path = config.training.weights;
  auto found = files_.find(path);
  if (found == files_.end()) found = files_.emplace(path, read_weights_header(path)).first;
  const WeightsFile& weights = found->second;
  if (!scheme.empty() && !weights.scheme.empty() && weights.scheme != scheme)
    return fmt::format("{}: was trained on {} tokens; tokens.scheme is {}", path, weights.scheme, scheme);
  if (std::string why = system_misfit(weights, config.system); !why.empty()) return why;
  return size_misfit(weights, config.model);
}

}  // namespace mofi
