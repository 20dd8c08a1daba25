#include "statistics/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace mofi {
namespace {

constexpr std::uint8_t kMajorMode = 0;
constexpr std::uint8_t kMinorMode = 1;

int largest(const std::vector<double>& logits) {
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// Which pieces belong to the splits.
std::vector<bool> chosen_pieces(const Predictions& p, const std::vector<std::string>& splits) {
  std::vector<bool> chosen(p.pieces(), splits.empty());
  for (std::size_t i = 0; i < p.pieces() && !splits.empty(); ++i)
    chosen[i] = std::find(splits.begin(), splits.end(), p.split[i]) != splits.end();
  return chosen;
}

/// Rows that are scored, by piece and segment, so that sums do not depend on the order of evaluation.
std::vector<std::size_t> scored_rows(const Predictions& p, const std::vector<std::string>& splits) {
  const std::vector<bool> chosen = chosen_pieces(p, splits);
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < p.rows(); ++r)
    if (chosen[p.piece[r]] && p.label[r] >= 0) rows.push_back(r);
  std::sort(rows.begin(), rows.end(), [&p](std::size_t a, std::size_t b) {
    return std::pair(p.piece[a], p.segment_index[a]) < std::pair(p.piece[b], p.segment_index[b]);
  });
  return rows;
}

/// The songs of all pieces, numbered by the alphabet.
std::vector<std::size_t> songs_of_pieces(const Predictions& p) {
  std::vector<std::size_t> order(p.pieces()), song(p.pieces(), 0);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&p](std::size_t a, std::size_t b) { return p.group[a] < p.group[b]; });
  for (std::size_t i = 1; i < order.size(); ++i)
    song[order[i]] = song[order[i - 1]] + (p.group[order[i]] == p.group[order[i - 1]] ? 0 : 1);
  return song;
}

bool decided_together(const Predictions& p, std::size_t a, std::size_t b, ScoredUnit unit) {
  if (unit == ScoredUnit::kRow) return false;
  if (unit == ScoredUnit::kPiece) return p.piece[a] == p.piece[b];
  return p.group[p.piece[a]] == p.group[p.piece[b]] && p.label[a] == p.label[b];
}

/// The softmax of `sums` / `rows` at its largest.
double confidence_of(const std::vector<double>& sums, int predicted, double rows) {
  double total = 0;
  for (const double sum : sums) total += std::exp((sum - sums[static_cast<std::size_t>(predicted)]) / rows);
  return 1 / total;
}

}  // namespace

std::vector<Outcome> outcomes(const Predictions& p, const std::vector<std::string>& splits, ScoredUnit unit) {
  const auto classes = static_cast<std::size_t>(p.classes);
  std::vector<std::size_t> rows = scored_rows(p, splits);
  if (unit == ScoredUnit::kSong) {
    const std::vector<std::size_t> song = songs_of_pieces(p);
    std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(song[p.piece[a]], p.label[a]) < std::tie(song[p.piece[b]], p.label[b]);
    });
  }
  std::vector<Outcome> result;
  std::vector<double> sums(classes);
  for (std::size_t at = 0; at < rows.size();) {
    const std::size_t first = at;
    std::fill(sums.begin(), sums.end(), 0.0);
    do {
      const std::size_t row = rows[at];
      for (std::size_t c = 0; c < classes; ++c) sums[c] += static_cast<double>(p.logits[row * classes + c]);
      ++at;
    } while (at < rows.size() && decided_together(p, rows[at], rows[first], unit));
    const int predicted = largest(sums);
    result.push_back({p.piece[rows[first]], p.label[rows[first]], predicted,
                      confidence_of(sums, predicted, static_cast<double>(at - first))});
  }
  return result;
}

void Scores::add(int label, int predicted, double confidence, std::uint8_t mode) {
  confusion.add(label, predicted);
  calibration.add(confidence, label == predicted);
  if (!confusion.quadrants || (mode != kMajorMode && mode != kMinorMode)) return;
  ++with_mode;
  if (high_valence(predicted) == (mode == kMajorMode)) ++valence_is_mode;
}

Scores& Scores::operator+=(const Scores& other) {
  confusion += other.confusion;
  with_mode += other.with_mode;
  valence_is_mode += other.valence_is_mode;
  calibration += other.calibration;
  return *this;
}

double mode_agreement(const Scores& scores) {
  if (scores.with_mode == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(scores.valence_is_mode) / static_cast<double>(scores.with_mode);
}

Scores score(const Predictions& predictions, const std::vector<std::string>& splits, ScoredUnit unit) {
  Scores scores(ConfusionMatrix(predictions.classes, predictions.quadrants()));
  for (const Outcome& outcome : outcomes(predictions, splits, unit))
    scores.add(outcome.label, outcome.predicted, outcome.confidence, predictions.mode[outcome.piece]);
  return scores;
}

Json to_json(const Scores& scores) {
  const auto number = [](double value) { return std::isnan(value) ? Json(nullptr) : Json(value); };
  return {{"count", scores.confusion.total()},
          {"accuracy", number(accuracy(scores.confusion))},
          {"macro_f1", number(macro_f1(scores.confusion))},
          {"weighted_f1", number(weighted_f1(scores.confusion))},
          {"valence_accuracy", number(valence_accuracy(scores.confusion))},
          {"arousal_accuracy", number(arousal_accuracy(scores.confusion))},
          {"mode_agreement", number(mode_agreement(scores))},
          {"calibration_error", number(expected_calibration_error(scores.calibration))}};
}

}  // namespace mofi
