#include "model/film.h"

#include <torch/torch.h>

namespace mofi {
namespace {

/// int64 [rows]; rows of no sequence count to the last.
torch::Tensor sequence_of_rows(const Sequences& sequences, std::int64_t rows) {
  torch::Tensor of_rows = torch::full({rows}, sequences.count() - 1, torch::kInt64);
  for (std::int64_t s = 0; s < sequences.count(); ++s)
    of_rows
        .slice(0, sequences.starts[static_cast<std::size_t>(s)],
               sequences.starts[static_cast<std::size_t>(s) + 1])
        .fill_(s);
  return of_rows;
}

}  // namespace

Film make_film(ParameterSet& parameters, const std::string& prefix, std::int64_t condition_width,
               std::int64_t hidden, std::int64_t model_width) {
  Film film;
  std::int64_t width = condition_width;
  if (hidden > 0) {
    film.network.push_back(add_linear(parameters, prefix + "0", width, hidden));
    width = hidden;
  }
  const std::string last = prefix + std::to_string(film.network.size());
  film.network.push_back({parameters.add(last + ".weight", {2 * model_width, width}, constant(0)),
                          parameters.add(last + ".bias", {2 * model_width}, constant(0))});
  return film;
}

torch::Tensor modulate(const Film& film, const torch::Tensor& hidden_NH, const Sequences& sequences,
                       const torch::Tensor& condition_SK) {
  torch::Tensor x = condition_SK;
  for (std::size_t i = 0; i < film.network.size(); ++i) x = film.network[i](i == 0 ? x : torch::relu(x));
  const auto parts = x.chunk(2, -1);
  const torch::Tensor sequence_N =
      sequence_of_rows(sequences, hidden_NH.size(0)).to(hidden_NH.device(), /*non_blocking=*/true);
  // A look-up, whose way back sums over the words of a sequence.
  return hidden_NH * torch::embedding(1 + parts[0], sequence_N) + torch::embedding(parts[1], sequence_N);
}

}  // namespace mofi
