#pragma once
// Hidden states of a backbone that stays as it is, computed once for all probes of a process: whatever state
// they read, whatever fold and seed they are.

#include <memory>
#include <string>

#include "model/classifier.h"
#include "training/dataset.h"
#include "training/run.h"

namespace mofi {

/// Whether a run's backbone makes of every row the same in every epoch: nothing of it is trained, nothing is
/// put into it, no row is transposed, and no padding is looked at.
bool has_frozen_states(const RunConfig& config);

/// All states of the words of these rows (indices into dataset.rows), float32 where the model is: (layers +
/// 1) · words · hidden width · 4 bytes.
FrozenStates freeze(const MidiBert& backbone, const Dataset& dataset, std::span<const std::size_t> rows,
                    torch::Device device);

/// The states of the last backbone and music that were asked for.
class FrozenCache {
 public:
  std::shared_ptr<const FrozenStates> states_of(const Classifier& model, const RunConfig& config,
                                                const RunInputs& inputs, const Dataset& dataset,
                                                torch::Device device);

 private:
  std::string key_;
  std::shared_ptr<const FrozenStates> states_;
};

}  // namespace mofi
