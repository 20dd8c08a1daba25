#include "model/classifier.h"

#include "core/error.h"
#include "model/weights.h"

namespace mofi {

Padding padding_of(const std::string& name) {
  if (name == "masked") return Padding::kMasked;
  if (name == "pooled") return Padding::kPooled;
  if (name == "attended") return Padding::kAttended;
  fail(ExitCode::kUsage, "padding is '{}'; expected masked, pooled or attended", name);
}

Classifier make_classifier(const BackboneConfig& backbone, const InjectionConfig& injection,
                           const HeadConfig& head, const std::vector<int>& column_sizes, int classes,
                           std::uint64_t seed, torch::TensorOptions options) {
  Classifier model{ParameterSet(seed, options), {}, {}, injection.site, {}, true};
  model.backbone = make_midibert(model.parameters, backbone, column_sizes, std::string(kBackbonePrefix));
  model.head = make_sequence_head(model.parameters, head, backbone.hidden, classes);
  if (injection.condition != "none") {
    if (injection.site > backbone.layers)
      fail(ExitCode::kUsage, "injection.site is {}; a model of {} layers has sites 0 to {}", injection.site,
           backbone.layers, backbone.layers);
    model.film = make_film(model.parameters, fmt::format("injection.{}.film.", injection.site),
                           kModeConditionWidth, injection.film_hidden, backbone.hidden);
  }
  return model;
}

std::vector<torch::Tensor> hidden_states(const Classifier& model, const ModelInput& input, Padding padding,
                                         bool training) {
  SiteHook hook;
  if (model.film)
    hook = [&](int site, const torch::Tensor& hidden) {
      return site == model.film_site ? modulate(*model.film, hidden, input.sequences, input.condition_SK)
                                     : hidden;
    };
  const torch::Tensor mask = padding == Padding::kAttended ? torch::Tensor() : input.mask_N;
  return encode(model.backbone, input.words_NC, input.sequences, mask, training && model.trains_backbone,
                hook);
}

torch::Tensor forward(const Classifier& model, const ModelInput& input, Padding padding, bool training) {
  const torch::Tensor pooled = padding == Padding::kMasked ? input.mask_N : torch::Tensor();
  return classify(model.head, hidden_states(model, input, padding, training).back(), input.sequences, pooled);
}

}  // namespace mofi
