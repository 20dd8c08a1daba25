#pragma once
// The model of a run: MidiBERT, what is injected into it, and the classification head; or a recurrent rival
// of MidiBERT, with the same head.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/injection.h"
#include "model/midibert.h"
#include "model/recurrent.h"
#include "model/sequence_head.h"

namespace mofi {

/// What happens at padded positions.
enum class Padding {
  kMasked,    ///< neither attended to nor pooled: the result does not depend on the padding
  kPooled,    ///< masked in attention, but pooled by the head
  kAttended,  ///< treated like words, as MIDI-BERT's fine-tuning does
};
Padding padding_of(const std::string& name);  ///< "masked", "pooled", "attended"

/// What a backbone makes of words, computed once: of every state the words of all rows, one row behind
/// another.
struct FrozenStates {
  std::vector<torch::Tensor> states_WH;  ///< by state; undefined where it is not kept
  torch::Tensor place_W;                 ///< int64, by ModelInput::source_N: where its word is in states_WH
};

/// What else is recognised of a sequence: a linear layer of what the head pools, auxiliary.<name>.
struct AuxiliaryHead {
  std::string name;
  Linear linear;
};

struct Classifier {
  ParameterSet parameters;
  MidiBert backbone = {};
  Injection injection = {};
  SequenceHead head = {};
  int head_state = kLastState;  ///< that the head reads
  bool trains_backbone = true;  ///< else it has no dropout in training either
  /// Hidden states of a backbone that stays as it is; null: they are computed.
  std::shared_ptr<const FrozenStates> frozen = {};
  std::optional<Recurrent> recurrent = {};  ///< in the place of backbone and injection
  std::vector<AuxiliaryHead> auxiliary = {};

  /// How many hidden states it has.
  std::int64_t states() const { return recurrent ? recurrent->states() : backbone.config.layers + 1; }
};

/// `seed` decides the initial weights; models that differ only in the injection share all others.
Classifier make_classifier(const BackboneConfig& backbone, const InjectionConfig& injection,
                           const HeadConfig& head, const std::vector<int>& column_sizes, int classes,
                           std::uint64_t seed, torch::TensorOptions options = torch::kFloat32);

/// The same of a recurrent system; `attends`: BiLMA.
Classifier make_recurrent_classifier(const RecurrentConfig& config, bool attends, const HeadConfig& head,
                                     const std::vector<int>& column_sizes, int classes, std::uint64_t seed,
                                     torch::TensorOptions options = torch::kFloat32);

struct ModelInput {
  torch::Tensor words_NC;  ///< int64, the words of all sequences
  Sequences sequences;
  torch::Tensor mask_N;        ///< float, 1 for words, 0 for padding; undefined where there is no padding
  torch::Tensor condition_SK;  ///< float; undefined without injection
  torch::Tensor source_N;      ///< int64, which word of the data set each word is; undefined if of none
};

/// All hidden states that the head needs, each [words, hidden] as it left its injection site. Throws a usage
/// error for pooled padding of a recurrent system, which has no mask of keys alone.
std::vector<torch::Tensor> hidden_states(const Classifier& model, const ModelInput& input, Padding padding,
                                         bool training);

void add_auxiliary_head(Classifier& model, const std::string& name, int classes);

/// Logits [sequences, classes], of the head and of every auxiliary one.
struct Answers {
  torch::Tensor logits;
  std::vector<torch::Tensor> auxiliary;
};
Answers answers(const Classifier& model, const ModelInput& input, Padding padding, bool training);

/// Logits [sequences, classes] of the head alone.
torch::Tensor forward(const Classifier& model, const ModelInput& input, Padding padding, bool training);

}  // namespace mofi
