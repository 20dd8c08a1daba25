#include "model/film.h"

#include <torch/torch.h>

namespace mofi {
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
  const torch::Tensor sequence_N = sequences.sequences_of_rows(hidden_NH.size(0), hidden_NH.device());
  // A look-up, whose way back sums over the words of a sequence.
  return hidden_NH * torch::embedding(1 + parts[0], sequence_N) + torch::embedding(parts[1], sequence_N);
}

}  // namespace mofi
