#include "training/invariance.h"

#include <torch/torch.h>

#include "core/quadrants.h"
#include "tokens/transposition.h"
#include "tonality/parallel_mode.h"
#include "training/evaluate.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr ShiftRange kShifts = {-6, 5};  // each key once

using Rows = std::vector<std::size_t>;

Tensor probabilities(const Tensor& logits) { return torch::softmax(logits.to(torch::kFloat64), 1); }

double mean_of(const Tensor& values) { return values.to(torch::kFloat64).mean().item<double>(); }

/// How predictions [rows, classes] changed.
Json change(const Tensor& before, const Tensor& after, bool quadrants) {
  const Tensor p = probabilities(before), q = probabilities(after);
  Json json = {{"rows", before.size(0)},
               {"same", mean_of(p.argmax(1) == q.argmax(1))},
               {"distance", mean_of((p - q).abs().sum(1) / 2)}};
  if (quadrants) {
    const auto high = [](const Tensor& x) {
      const Tensor quadrant = x.argmax(1);
      return mean_of((quadrant == 0).logical_or(quadrant == 3));
    };
    json["high_valence_before"] = high(p);
    json["high_valence_after"] = high(q);
  }
  return json;
}

Tensor index_of(const Rows& places) {
  return torch::tensor(std::vector<std::int64_t>(places.begin(), places.end()), torch::kInt64);
}

class Probe {
 public:
  Probe(const World& world, const RunConfig& config, const RunInputs& inputs, const Dataset& dataset,
        const Classifier& model, torch::Device device)
      : world_(world),
        config_(config),
        inputs_(inputs),
        dataset_(dataset),
        model_(model),
        device_(device),
        rows_(dataset.rows_in(config.data.evaluate)),
        before_(score(dataset, rows_, 0)),
        quadrants_(dataset.class_names == quadrant_names()) {}

  Json transpositions() const {
    Json by_shift = Json::object();
    for (int shift = kShifts.lowest; shift <= kShifts.highest; ++shift) {
      if (shift == 0) continue;
      Rows rows, places;
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        const TokenPiece& piece = dataset_.tokens->pieces[dataset_.rows[rows_[i]].piece];
        if (!legal_shifts(dataset_.tokens->scheme, piece, kShifts).contains(shift)) continue;
        rows.push_back(rows_[i]);
        places.push_back(i);
      }
      if (rows.empty()) continue;
      const Tensor after = score(dataset_, rows, shift);
      Json json = change(before_.index_select(0, index_of(places)), after, false);
      if (!dataset_.labels_turn) json["accuracy"] = accuracy(after, rows);
      by_shift[std::to_string(shift)] = std::move(json);
    }
    return by_shift;
  }

  Json parallel() const {
    const ModeUnits keys = join_modes(*inputs_.tokens, inputs_.modes);
    TokenTable words = *inputs_.tokens;
    for (std::size_t r = 0; r < words.rows(); ++r) {
      const PieceMode& key = *keys.key[keys.of_row[r]];
      const std::size_t width = static_cast<std::size_t>(words.row_words) * words.columns();
      to_parallel_mode(std::span(words.words).subspan(r * width, width), words.scheme, {key.tonic, key.mode});
    }
    ModeTable told = *inputs_.modes;
    for (PieceMode& piece : told.pieces) piece = parallel_of(piece, key_profile(told.key_profile));

    Json ways = {{"music", compare(words, *inputs_.modes, keys)}};
    if (config_.injection.condition != "shuffled" && needs_keys(config_.injection)) {
      ways["told"] = compare(*inputs_.tokens, told, keys);
      ways["music_and_told"] = compare(words, told, keys);
    }
    return ways;
  }

 private:
  Tensor score(const Dataset& dataset, const Rows& rows, int shift) const {
    return score_rows(world_, model_, dataset, rows, padding_of(config_.training.padding), device_, shift);
  }

  double accuracy(const Tensor& logits, const Rows& rows) const {
    std::vector<std::int64_t> labels;
    for (const std::size_t r : rows) labels.push_back(dataset_.rows[r].label);
    return mean_of(logits.argmax(1) == torch::tensor(labels, torch::kInt64));
  }

  Json compare(const TokenTable& words, const ModeTable& told, const ModeUnits& keys) const {
    Dataset changed = make_dataset(words, &told, config_, inputs_.features);
    const Tensor after = score(changed, changed.rows_in(config_.data.evaluate), 0);
    Json json = Json::object();
    for (const auto& [mode, name] : {std::pair{kMajor, "to_minor"}, std::pair{kMinor, "to_major"}}) {
      const auto of_mode = [&](int label) {
        Rows places;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
          const DatasetRow& row = dataset_.rows[rows_[i]];
          if (keys.mode(keys.of_row[row.row]) == mode && (label < 0 || row.label == label))
            places.push_back(i);
        }
        return places;
      };
      const auto change_at = [&](const Rows& places) {
        return change(before_.index_select(0, index_of(places)), after.index_select(0, index_of(places)),
                      quadrants_);
      };
      const Rows all = of_mode(-1);
      if (all.empty()) continue;
      json[name] = change_at(all);
      for (int label = 0; label < dataset_.classes; ++label)
        if (const Rows some = of_mode(label); !some.empty())
          json[name]["by_class"][dataset_.class_names[static_cast<std::size_t>(label)]] = change_at(some);
    }
    return json;
  }

  const World& world_;
  const RunConfig& config_;
  const RunInputs& inputs_;
  const Dataset& dataset_;
  const Classifier& model_;
  torch::Device device_;
  Rows rows_;
  Tensor before_;
  bool quadrants_;
};

}  // namespace

Json probe_invariance(const World& world, const RunConfig& config, const RunInputs& inputs,
                      const Dataset& dataset, const Classifier& model, torch::Device device) {
  const Probe probe(world, config, inputs, dataset, model, device);
  Json json = {{"transposition", probe.transpositions()}};
  if (inputs.modes != nullptr && config.data.target != "mode" && config.data.target != "tonic")
    json["parallel"] = probe.parallel();
  return json;
}

}  // namespace mofi
