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
  Classifier model{.parameters = ParameterSet(seed, options)};
  model.backbone = make_midibert(model.parameters, backbone, column_sizes, std::string(kBackbonePrefix));
  model.head = make_sequence_head(model.parameters, head, backbone.hidden, classes);
  model.head_state = head.state;
  model.injection = make_injection(model.parameters, injection, backbone, classes);
  return model;
}

Classifier make_recurrent_classifier(const RecurrentConfig& config, bool attends, const HeadConfig& head,
                                     const std::vector<int>& column_sizes, int classes, std::uint64_t seed,
                                     torch::TensorOptions options) {
  Classifier model{.parameters = ParameterSet(seed, options)};
  model.recurrent = make_recurrent(model.parameters, config, attends, column_sizes);
  model.head = make_sequence_head(model.parameters, head, model.recurrent->width(), classes);
  return model;
}

std::vector<torch::Tensor> hidden_states(const Classifier& model, const ModelInput& input, Padding padding,
                                         bool training) {
  const torch::Tensor mask = padding == Padding::kAttended ? torch::Tensor() : input.mask_N;
  if (model.recurrent) {
    if (padding == Padding::kPooled)
      fail(ExitCode::kUsage, "padding pooled is of MidiBERT; a recurrent system takes masked or attended");
    return encode(*model.recurrent, input.words_NC, input.sequences, mask, training);
  }
  SiteHook hook;
  if (!model.injection.sites.empty())
    hook = [&](int site, const torch::Tensor& hidden) {
      const SiteInjection* here = model.injection.at(site);
      return here ? inject(model.injection, *here, hidden, input.sequences, input.condition_SK) : hidden;
    };
  return encode(model.backbone, input.words_NC, input.sequences, mask, training && model.trains_backbone,
                hook, model.head_state);
}

namespace {

torch::Tensor state_for_head(const Classifier& model, const ModelInput& input, Padding padding,
                             bool training) {
  if (model.frozen == nullptr) return hidden_states(model, input, padding, training).back();
  const auto& states = model.frozen->states_WH;
  const torch::Tensor& state =
      model.head_state == kLastState ? states.back() : states[static_cast<std::size_t>(model.head_state)];
  return state.index_select(0, model.frozen->place_W.index_select(0, input.source_N));
}

torch::Tensor pooled_states(const Classifier& model, const ModelInput& input, Padding padding,
                            bool training) {
  return pooled_words(model.head, state_for_head(model, input, padding, training), input.sequences,
                      padding == Padding::kMasked ? input.mask_N : torch::Tensor());
}

torch::Tensor logits_of(const Classifier& model, const ModelInput& input, const torch::Tensor& pooled_SW) {
  return inject_late(model.injection, classify_pooled(model.head, pooled_SW), input.condition_SK);
}

}  // namespace

void add_auxiliary_head(Classifier& model, const std::string& name, int classes) {
  model.auxiliary.push_back(
      {name, add_linear(model.parameters, "auxiliary." + name, model.head.pooled_width(), classes)});
}

Answers answers(const Classifier& model, const ModelInput& input, Padding padding, bool training) {
  const torch::Tensor pooled_SW = pooled_states(model, input, padding, training);
  Answers found{logits_of(model, input, pooled_SW), {}};
  for (const AuxiliaryHead& head : model.auxiliary) found.auxiliary.push_back(head.linear(pooled_SW));
  return found;
}

torch::Tensor forward(const Classifier& model, const ModelInput& input, Padding padding, bool training) {
  return logits_of(model, input, pooled_states(model, input, padding, training));
}

}  // namespace mofi
