#include "model/model_config.h"

#include "core/error.h"

namespace mofi {

void apply_size(BackboneConfig& config) {
  struct Size {
    const char* name;
    int layers, hidden, heads, intermediate;
  };
  static constexpr Size kSizes[] = {
      {"tiny", 2, 128, 2, 512}, {"mini", 4, 256, 4, 1024}, {"base", 12, 768, 12, 3072}};
  for (const Size& size : kSizes) {
    if (config.size != size.name) continue;
    config.layers = size.layers;
    config.hidden = size.hidden;
    config.heads = size.heads;
    config.intermediate = size.intermediate;
  }
}

std::string misfit(const BackboneConfig& config) {
  if (config.hidden % config.heads == 0) return "";
  return fmt::format("model.hidden is {} and model.heads is {}: the heads must divide the hidden width",
                     config.hidden, config.heads);
}

void validate(const BackboneConfig& config) {
  if (const std::string why = misfit(config); !why.empty()) fail(ExitCode::kUsage, "{}", why);
}

}  // namespace mofi
