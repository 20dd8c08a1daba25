#include "training/frozen_states.h"

#include <torch/torch.h>

#include <numeric>

#include "core/log.h"
#include "core/stopwatch.h"
#include "training/model_input.h"

namespace mofi {
namespace {

constexpr std::size_t kRowsAtOnce = 32;

/// What decides the states: the backbone and its weights (a file is read once a process), the words and how
/// many of a row.
std::string key_of(const RunConfig& config, const RunInputs& inputs, torch::Device device) {
  Json key = {{"model", config_to_json(config.model, true)},
              {"tokens", inputs.tokens->header.content_sha256},
              {"weights", config.training.weights},
              {"max_words", config.data.max_words},
              {"rows", config.data.rows},
              {"device", device.str()}};
  if (config.training.weights.empty()) key["seed"] = config.seed;
  return key.dump();
}

}  // namespace

bool has_frozen_states(const RunConfig& config) {
  return config.training.trains == "head" && config.training.padding == "masked" &&
         config.training.transpose_down == 0 && config.training.transpose_up == 0 &&
         config.training.shifts.empty() &&
         (config.injection.condition == "none" || config.injection.by == "late");
}

FrozenStates freeze(const MidiBert& backbone, const Dataset& dataset, std::span<const std::size_t> rows,
                    torch::Device device) {
  const torch::NoGradGuard no_grad;
  const RowTensors tensors = row_tensors(dataset, device);
  const BatchLayout layout = batch_layout(Padding::kMasked, backbone.config, device);
  FrozenStates frozen;
  frozen.place_W = torch::zeros({tensors.words_WC.size(0)}, torch::kInt64);
  std::int64_t words = 0;
  for (const std::size_t r : rows) {
    const DatasetRow& row = dataset.rows[r];
    const std::int64_t first = static_cast<std::int64_t>(row.row) * tensors.row_words + row.first_word;
    frozen.place_W.slice(0, first, first + row.words) = torch::arange(words, words + row.words);
    words += row.words;
  }
  const auto options = torch::TensorOptions(torch::kFloat32).device(device);
  for (int state = 0; state <= backbone.config.layers; ++state)
    frozen.states_WH.push_back(torch::empty({words, backbone.config.hidden}, options));

  std::int64_t at = 0;
  for (std::size_t first = 0; first < rows.size(); first += kRowsAtOnce) {
    const auto batch = rows.subspan(first, std::min(kRowsAtOnce, rows.size() - first));
    const ModelInput input = make_input(tensors, dataset, batch, {}, layout);
    const auto states = encode(backbone, input.words_NC, input.sequences, input.mask_N, false);
    for (std::size_t b = 0; b < batch.size(); ++b) {
      const std::int64_t length = dataset.rows[batch[b]].words, start = input.sequences.starts[b];
      for (std::size_t state = 0; state < states.size(); ++state)
        frozen.states_WH[state].slice(0, at, at + length) = states[state].slice(0, start, start + length);
      at += length;
    }
  }
  frozen.place_W = frozen.place_W.to(device);
  return frozen;
}

std::shared_ptr<const FrozenStates> FrozenCache::states_of(const Classifier& model, const RunConfig& config,
                                                           const RunInputs& inputs, const Dataset& dataset,
                                                           torch::Device device) {
  const std::string key = key_of(config, inputs, device);
  if (key == key_) return states_;
  states_.reset();  // two of them may not fit
  const Stopwatch watch;
  // All rows, whatever part they are of: other folds read them, too.
  const Dataset whole = whole_table(*inputs.tokens, nullptr, [&] {
    RunConfig of_rows;
    of_rows.data.max_words = dataset.max_words;
    of_rows.data.rows = config.data.rows;
    return of_rows;
  }());
  std::vector<std::size_t> rows(whole.rows.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  states_ = std::make_shared<const FrozenStates>(freeze(model.backbone, whole, rows, device));
  key_ = key;
  const torch::Tensor& first = states_->states_WH.front();
  log_info("{} hidden states of {} words in {:.0f} s ({:.2f} GiB), for all probes of this backbone",
           states_->states_WH.size(), first.size(0), watch.seconds(),
           static_cast<double>(states_->states_WH.size() * first.nbytes()) / (1U << 30U));
  return states_;
}

}  // namespace mofi
