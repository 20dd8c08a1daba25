#include "baselines/classical_run.h"

#include <map>

#include "baselines/classifiers.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "features/feature_list.h"
#include "features/feature_table.h"
#include "training/dataset.h"
#include "training/predictions.h"

namespace mofi {
namespace {

/// The pieces of these rows, each once, in their order, and which of them each row is of.
struct PiecesOfRows {
  std::vector<std::size_t> pieces;  ///< of the token table
  std::vector<int> labels;          ///< what is recognised of each; of several rows, of the first
  std::vector<std::size_t> of_row;  ///< into `pieces`
};

PiecesOfRows pieces_of(const Dataset& dataset, const std::vector<std::size_t>& rows) {
  PiecesOfRows found;
  std::map<std::size_t, std::size_t> place;
  for (const std::size_t r : rows) {
    const std::size_t piece = dataset.rows[r].piece;
    const auto [at, is_new] = place.emplace(piece, found.pieces.size());
    if (is_new) {
      found.pieces.push_back(piece);
      found.labels.push_back(dataset.rows[r].label);
    }
    found.of_row.push_back(at->second);
  }
  return found;
}

Matrix features_of(const std::vector<std::size_t>& pieces, const RunConfig& config, const RunInputs& inputs) {
  if (!needs_features(config)) return {pieces.size(), 0};
  if (inputs.features == nullptr)
    fail(ExitCode::kUsage,
         "system is {}, which needs a feature file; make one with `mofi features` and name it "
         "(inputs.features, "
         "--features)",
         config.system);
  const auto chosen = chosen_features(inputs.features->names, features_of_system(config));
  const FeaturesByPiece by_piece(*inputs.features);
  Matrix features(pieces.size(), chosen.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const TokenPiece& piece = inputs.tokens->pieces[pieces[i]];
    const std::vector<float>& values = by_piece.of(piece.id, piece.midi_sha256);
    for (std::size_t c = 0; c < chosen.size(); ++c)
      features.row(i)[c] = static_cast<double>(values[chosen[c]]);
  }
  return features;
}

Matrix logits_of(const RunConfig& config, const Examples& examples, const Matrix& scored) {
  const std::string& system = config.system;
  const double c = regularisation_of(config);
  if (system == "majority") return majority_logits(examples, scored.rows);
  if (system == "mode_only" || system == "logistic") return logistic_logits(examples, c, scored);
  if (system == "linear_svm") return linear_svm_logits(examples, c, scored);
  if (system == "rbf_svm") {
    const double gamma = config.classifier.gamma;
    return rbf_svm_logits(examples, c, gamma > 0 ? gamma : 1 / static_cast<double>(scored.columns), scored);
  }
  if (system == "random_forest")
    return random_forest_logits(examples, config.classifier.trees, config.seed, scored);
  fail(ExitCode::kInternal, "no rule makes the classical system {}", system);
}

}  // namespace

RunResult classical_run(const RunConfig& config, const RunInputs& inputs) {
  const Stopwatch watch;
  const Dataset dataset = make_dataset(*inputs.tokens, inputs.modes, config);
  const PiecesOfRows training = pieces_of(dataset, dataset.rows_in({"train"}));
  const auto evaluated = dataset.rows_in(config.data.evaluate);
  const PiecesOfRows scored = pieces_of(dataset, evaluated);

  Examples examples{features_of(training.pieces, config, inputs), training.labels, dataset.classes};
  Matrix scored_features = features_of(scored.pieces, config, inputs);
  const Standardiser standardise(examples.features);
  standardise.apply(examples.features);
  standardise.apply(scored_features);

  const Stopwatch training_watch;
  const Matrix logits = logits_of(config, examples, scored_features);
  const double train_s = training_watch.seconds();
  std::vector<float> logits_of_rows;
  for (const std::size_t piece : scored.of_row)
    logits_of_rows.insert(logits_of_rows.end(), logits.row(piece).begin(), logits.row(piece).end());

  RunResult result;
  result.predictions = make_predictions(dataset, evaluated, logits_of_rows);
  result.metrics = row_accuracy(result.predictions);
  result.history = Json::array();
  result.timing = {{"train_s", train_s}, {"total_s", watch.seconds()}};
  return result;
}

}  // namespace mofi
