#include "model/sequences.h"

#include <torch/torch.h>

namespace mofi {

torch::Tensor Sequences::starts_on(torch::Device device) const {
  if (device_starts.defined()) return device_starts;
  return torch::tensor(starts, torch::kInt64).to(device);
}

torch::Tensor Sequences::sequences_of_rows(std::int64_t rows, torch::Device device) const {
  if (device_sequences.defined()) return device_sequences;
  torch::Tensor of_rows = torch::full({rows}, count() - 1, torch::kInt64);
  for (std::int64_t s = 0; s < count(); ++s)
    of_rows.slice(0, starts[static_cast<std::size_t>(s)], starts[static_cast<std::size_t>(s) + 1]).fill_(s);
  return of_rows.to(device);
}

}  // namespace mofi
