#include "model/model_config.h"

#include <algorithm>
#include <charconv>
#include <string_view>

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

std::string misfit(const RecurrentConfig& config, bool attends) {
  if (!attends || 2 * config.hidden % config.heads == 0) return "";
  return fmt::format(
      "recurrent.hidden is {} and recurrent.heads is {}: the heads must divide twice the hidden width",
      config.hidden, config.heads);
}

std::vector<std::size_t> told_features(const InjectionConfig& config) {
  return chosen_features(feature_names(), config.features);
}

int condition_width(const InjectionConfig& config, int classes) {
  const int width = condition_named(config.condition).width;
  if (width == kPerFeature) return static_cast<int>(told_features(config).size());
  return width == kPerClass ? classes : width;
}

std::vector<int> injection_sites(const InjectionConfig& config, int layers) {
  std::vector<int> sites;
  if (config.together == "all") {
    for (int site = 0; site <= layers; ++site) sites.push_back(site);
  } else if (config.together.empty()) {
    sites.push_back(config.site);
  } else {
    for (const char *at = config.together.data(), *end = at + config.together.size(); at <= end; ++at) {
      int site = -1;
      const auto [next, failure] = std::from_chars(at, end, site);
      if (failure != std::errc{} || site < 0 || (next != end && *next != '+'))
        fail(ExitCode::kUsage, "injection.together is '{}'; expected all, or sites like 0+6",
             config.together);
      sites.push_back(site);
      at = next;
    }
    std::ranges::sort(sites);
    if (std::ranges::adjacent_find(sites) != sites.end())
      fail(ExitCode::kUsage, "injection.together is '{}', which names a site twice", config.together);
  }
  if (sites.back() > layers)
    fail(ExitCode::kUsage, "injection.{} is {}; a model of {} layers has sites 0 to {}",
         config.together.empty() ? "site" : "together",
         config.together.empty() ? std::to_string(config.site) : config.together, layers, layers);
  if (config.before_norm && sites.front() == 0) sites.front() = kBeforeNorm;
  return sites;
}

}  // namespace mofi
