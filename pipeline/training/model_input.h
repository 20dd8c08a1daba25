#pragma once
// Rows of a data set as tensors that a model takes. A batch is told by a few numbers (which rows, how many of
// their words, how far shifted) and made of them where the model is, by operations whose shapes do not depend
// on the numbers: so a whole step can be recorded once and done again with other rows.

#include "model/classifier.h"
#include "training/dataset.h"

namespace mofi {

/// What rows are made of, where the model is. A view of the data set's tokens on the CPU.
struct RowTensors {
  torch::Tensor words_WC;      ///< uint8, all rows of the token table, one behind another
  torch::Tensor condition_RK;  ///< float, by row of the table; undefined without injection
  int turning = 0;             ///< ConditionTable::turning
  torch::Tensor sliding_K;     ///< ConditionTable::sliding; undefined where nothing slides
  torch::Tensor label_R;       ///< int64, by row of the table; kNoLabel for none
  bool labels_turn = false;    ///< Dataset::labels_turn; then all rows that are used have labels
  std::vector<AuxiliaryTask> auxiliary;
  torch::Tensor auxiliary_AR;  ///< int64, by task and row of the table; undefined without tasks
  torch::Tensor pad_C;         ///< int64, the padding word
  std::int64_t row_words = 0;  ///< of the table
  int pitch_column = 0, pitch_ids = 0;
};
inline constexpr std::int64_t kNoLabel = -100;  ///< what cross_entropy_loss leaves out

RowTensors row_tensors(const Dataset& dataset, torch::Device device);

/// How rows of different lengths make up a batch.
struct BatchLayout {
  /// One row right behind another; else each is padded to the same length.
  bool packed = true;
  /// All rows take data.max_words, as conventions have it that look at padding.
  bool full_rows = false;
  /// 0: a batch has the size that its rows need. Else batches have so many rows (some without words) and few
  /// sizes, so that steps recorded for them are done again.
  std::int64_t recorded_rows = 0;
};

/// That of a convention for padding. Devices pack where their attention kernel is used, which knows lengths.
BatchLayout batch_layout(Padding padding, const BackboneConfig& model, torch::Device device);
/// The same of any system: recurrent ones take packed rows everywhere.
BatchLayout batch_layout(Padding padding, const Classifier& model, torch::Device device);

/// Everything about a batch on which the shapes of a step depend.
struct BatchShape {
  std::int64_t rows = 0;     ///< sequences
  std::int64_t words = 0;    ///< of all of them, with what is left over
  std::int64_t longest = 0;  ///< words of a row, at most; of padded rows, exactly
  std::int64_t guesses = 0;  ///< words to be guessed, at most; 0 in fine-tuning
  bool packed = true;

  bool operator==(const BatchShape&) const = default;
  /// The same as a list, for what is told of any items (loop.h).
  std::vector<std::int64_t> numbers() const { return {rows, words, longest, guesses, packed}; }
  static BatchShape of(const std::vector<std::int64_t>& n) { return {n[0], n[1], n[2], n[3], n[4] != 0}; }
};

/// A batch, as the host tells it.
struct ToldBatch {
  BatchShape shape;
  std::vector<std::int64_t> numbers;  ///< [kNumbersOfRow, shape.rows]
};
/// By row: its row of the table, its first word there, its words, semitones of shift, a key for draws.
inline constexpr std::int64_t kNumbersOfRow = 5;

/// `shifts` and `keys` are empty or one a row.
ToldBatch tell(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
               std::span<const std::uint64_t> keys, const BatchLayout& layout);

/// The numbers, where the model is, as rows [kNumbersOfRow, shape.rows].
torch::Tensor numbers_of_rows(const BatchShape& shape, const torch::Tensor& numbers);

/// The batch. numbers: int64 [kNumbersOfRow · rows], where `rows` is. Lengths that only a device has been
/// told are not known here (Sequences::are_known_here).
ModelInput make_input(const RowTensors& rows, const BatchShape& shape, const torch::Tensor& numbers);
/// Labels [shape.rows] of these rows; kNoLabel for those without words.
torch::Tensor labels_of(const RowTensors& rows, const BatchShape& shape, const torch::Tensor& numbers);

/// The same of every auxiliary task, each as the row is after its shift; kNoLabel where the key is undefined.
std::vector<torch::Tensor> auxiliary_labels_of(const RowTensors& rows, const BatchShape& shape,
                                               const torch::Tensor& numbers);

/// The model's input for these rows (indices into dataset.rows), each shifted by `shifts` semitones (empty:
/// none), with lengths that are known here.
ModelInput make_input(const RowTensors& tensors, const Dataset& dataset, std::span<const std::size_t> rows,
                      std::span<const int> shifts, const BatchLayout& layout);
/// The same for a single batch.
ModelInput make_input(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
                      Padding padding, torch::Device device);

}  // namespace mofi
