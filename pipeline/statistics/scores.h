#pragma once
// From the predictions of a run to its scores.
//
// A piece is scored once, however many segments it was cut into: its segments' logits are added and the
// largest sum wins. (Averaging log-probabilities decides the same, for log-softmax only takes a number off
// all classes of a row.) Ties go to the lower class. Rows without a label are not scored.

#include <cstdint>
#include <string>
#include <vector>

#include "statistics/calibration.h"
#include "statistics/metrics.h"
#include "storage/run_record.h"

namespace mofi {

/// What is scored: whole pieces; every row by itself, as MIDI-BERT does; or whole songs, the logits of all
/// rows of a song added as those of a piece are. Clips of one song may have unlike labels (in EMOPIA they
/// do): those of each label are added apart, so that such a song counts once a label.
enum class ScoredUnit { kPiece, kRow, kSong };

struct Outcome {
  std::uint32_t piece = 0;  ///< index into the predictions' pieces; of a song its first one
  int label = 0;
  int predicted = 0;
  double confidence = 0;  ///< the probability of what is predicted: the softmax of the rows' mean logits
};

/// The outcomes of the pieces of these splits (of all, when the list is empty), by piece, then row; of songs
/// by song, then label.
std::vector<Outcome> outcomes(const Predictions& predictions, const std::vector<std::string>& splits = {},
                              ScoredUnit unit = ScoredUnit::kPiece);

/// Everything a table says of a set of outcomes, as counts that add.
struct Scores {
  explicit Scores(const ConfusionMatrix& empty = ConfusionMatrix()) : confusion(empty) {}

  ConfusionMatrix confusion;
  std::int64_t with_mode = 0;        ///< outcomes whose piece has a defined mode
  std::int64_t valence_is_mode = 0;  ///< of those, predicted high and major or predicted low and minor
  Calibration calibration;

  /// `mode`: 0 major, 1 minor, anything else undefined.
  void add(int label, int predicted, double confidence, std::uint8_t mode);
  Scores& operator+=(const Scores& other);
};

/// How often the predicted valence is the one that the mode suggests (major: high). NaN unless classes are
/// quadrants.
double mode_agreement(const Scores& scores);

Scores score(const Predictions& predictions, const std::vector<std::string>& splits = {},
             ScoredUnit unit = ScoredUnit::kPiece);

/// The scores by name, for result.json: {"count", "accuracy", "macro_f1", …}; null where undefined.
Json to_json(const Scores& scores);

}  // namespace mofi
