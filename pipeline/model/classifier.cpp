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
  Classifier model{ParameterSet(seed, options), {}, {}, {}, true};
  model.backbone = make_midibert(model.parameters, backbone, column_sizes, std::string(kBackbonePrefix));
  model.head = make_sequence_head(model.parameters, head, backbone.hidden, classes);
  model.injection = make_injection(model.parameters, injection, backbone, classes);
  return model;
}

std::vector<torch::Tensor> hidden_states(const Classifier& model, const ModelInput& input, Padding padding,
                                         bool training) {
  SiteHook hook;
  if (!model.injection.sites.empty())
    hook = [&](int site, const torch::Tensor& hidden) {
      const SiteInjection* here = model.injection.at(site);
      return here ? inject(model.injection, *here, hidden, input.sequences, input.condition_SK) : hidden;
    };
  const torch::Tensor mask = padding == Padding::kAttended ? torch::Tensor() : input.mask_N;
  return encode(model.backbone, input.words_NC, input.sequences, mask, training && model.trains_backbone,
                hook);
}

torch::Tensor forward(const Classifier& model, const ModelInput& input, Padding padding, bool training) {
  const torch::Tensor pooled = padding == Padding::kMasked ? input.mask_N : torch::Tensor();
  const torch::Tensor logits =
      classify(model.head, hidden_states(model, input, padding, training).back(), input.sequences, pooled);
  return inject_late(model.injection, logits, input.condition_SK);
}

}  // namespace mofi
