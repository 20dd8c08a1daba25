#pragma once
// Feature-wise linear modulation (Perez et al., AAAI 2018): hidden states are scaled and shifted by functions
// of a condition. MoFi uses it to tell the mode (arXiv 2512.17946, section "MoFi"). Starts as the identity.

#include "model/parameters.h"
#include "model/sequences.h"

namespace mofi {

struct Film {
  std::vector<Linear>
      network;  ///< condition → … → [gamma - 1, beta]; ReLU between layers; the last starts at zero
};

/// Registers `prefix`0.weight … . `hidden` is the width between the two layers; 0 makes a single layer.
Film make_film(ParameterSet& parameters, const std::string& prefix, std::int64_t condition_width,
               std::int64_t hidden, std::int64_t model_width);

/// gamma(c) · x + beta(c), each word by the condition of its sequence. hidden_NH: [words, H]; condition_SK:
/// [sequences, condition width].
torch::Tensor modulate(const Film& film, const torch::Tensor& hidden_NH, const Sequences& sequences,
                       const torch::Tensor& condition_SK);

}  // namespace mofi
