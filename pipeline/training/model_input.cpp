#include "training/model_input.h"

#include <torch/torch.h>

#include <algorithm>

#include "model/gpu/kernel_choice.h"

namespace mofi {
namespace {

using torch::Tensor;

// oneDNN compiles and keeps a kernel for every shape; with lengths, and words of a batch, in steps, few
// shapes occur. Recorded steps have so many sizes at most.
constexpr std::int64_t kLengthStep = 16;
constexpr std::int64_t kWordStep = 64;
constexpr std::int64_t kRecordedSizes = 8;

constexpr int kPitchClasses = 12;

std::int64_t rounded_up(std::int64_t size, std::int64_t step) { return (size + step - 1) / step * step; }
std::int64_t rounded_up_to_few(std::int64_t size, std::int64_t largest, std::int64_t step) {
  return rounded_up(size, rounded_up((largest + kRecordedSizes - 1) / kRecordedSizes, step));
}

BatchShape shape_of(const Dataset& dataset, std::span<const std::size_t> rows, const BatchLayout& layout) {
  const bool recorded = layout.recorded_rows > 0;
  std::int64_t words = 0, longest = layout.full_rows ? dataset.max_words : 1;
  for (const std::size_t r : rows) {
    words += dataset.rows[r].words;
    longest = std::max<std::int64_t>(longest, dataset.rows[r].words);
  }
  BatchShape shape;
  shape.packed = layout.packed;
  shape.rows = recorded ? layout.recorded_rows : static_cast<std::int64_t>(rows.size());
  if (layout.packed) {
    shape.longest = recorded ? dataset.max_words : longest;
    shape.words = recorded ? rounded_up_to_few(words, shape.rows * dataset.max_words, kWordStep)
                           : rounded_up(words, kWordStep);
  } else {
    shape.longest =
        std::min<std::int64_t>(recorded ? rounded_up_to_few(longest, dataset.max_words, kLengthStep)
                                        : rounded_up(longest, kLengthStep),
                               dataset.max_words);
    shape.words = shape.rows * shape.longest;
  }
  return shape;
}

/// Where the words of all rows of a batch come from.
struct WordPlaces {
  Sequences sequences;
  Tensor row_N, place_N, is_word_N;
};

WordPlaces packed_places(const BatchShape& shape, const Tensor& length_S) {
  const Tensor ends_S = length_S.cumsum(0), n = torch::arange(shape.words, length_S.options());
  const Tensor starts = torch::cat({torch::zeros({1}, length_S.options()), ends_S});
  const Tensor row_N = torch::searchsorted(ends_S, n, false, /*right=*/true).clamp_max(shape.rows - 1);
  const Tensor place_N = n - starts.index_select(0, row_N);
  Sequences sequences;
  if (length_S.is_cpu()) {
    const auto* length = length_S.const_data_ptr<std::int64_t>();
    for (std::int64_t s = 0; s < shape.rows; ++s) sequences.add(length[s]);
  } else {
    sequences.longest_there = shape.longest;
  }
  sequences.device_starts = starts;
  sequences.device_sequences = row_N;
  return {std::move(sequences), row_N, place_N, place_N < length_S.index_select(0, row_N)};
}

WordPlaces padded_places(const BatchShape& shape, const Tensor& length_S) {
  const Tensor rows_S = torch::arange(shape.rows, length_S.options());
  const Tensor row_N = rows_S.unsqueeze(1).expand({-1, shape.longest}).reshape({shape.words});
  const Tensor place_N = torch::arange(shape.longest, length_S.options()).repeat({shape.rows});
  Sequences sequences = regular_sequences(shape.rows, shape.longest);
  sequences.device_starts = torch::arange(shape.rows + 1, length_S.options()) * shape.longest;
  sequences.device_sequences = row_N;
  return {std::move(sequences), row_N, place_N, place_N < length_S.index_select(0, row_N)};
}

/// The first `turning` numbers, in blocks of pitch classes, as the music is after a shift.
Tensor turned(const Tensor& condition_SK, int turning, const Tensor& shift_S) {
  if (turning == 0) return condition_SK;
  const Tensor place_T = torch::arange(turning, shift_S.options());
  const Tensor pitch_class_T = place_T.remainder(kPitchClasses), block_T = place_T - pitch_class_T;
  const Tensor source_ST = block_T + (pitch_class_T - shift_S.unsqueeze(1)).remainder(kPitchClasses);
  const Tensor turned_ST = condition_SK.gather(1, source_ST);
  if (turning == condition_SK.size(1)) return turned_ST;
  return torch::cat({turned_ST, condition_SK.slice(1, turning)}, 1);
}

}  // namespace

RowTensors row_tensors(const Dataset& dataset, torch::Device device) {
  const TokenTable& tokens = *dataset.tokens;
  RowTensors rows;
  // The tensor is only read.
  rows.words_WC = torch::from_blob(const_cast<std::uint8_t*>(tokens.words.data()),
                                   {static_cast<std::int64_t>(tokens.rows()) * tokens.row_words,
                                    static_cast<std::int64_t>(tokens.columns())},
                                   torch::kUInt8)
                      .to(device);
  std::vector<std::int64_t> pad, labels(tokens.rows(), kNoLabel);
  for (const TokenColumn& column : tokens.scheme.columns) pad.push_back(column.pad);
  for (const DatasetRow& row : dataset.rows)
    if (row.label >= 0) labels[row.row] = row.label;
  rows.pad_C = torch::tensor(pad).to(device);
  rows.label_R = torch::tensor(labels).to(device);
  if (const ConditionTable& condition = dataset.condition; condition.width > 0)
    rows.condition_RK = torch::from_blob(const_cast<float*>(condition.values.data()),
                                         {static_cast<std::int64_t>(tokens.rows()), condition.width})
                            .to(device);
  rows.turning = dataset.condition.turning;
  if (const std::vector<float>& sliding = dataset.condition.sliding; !sliding.empty())
    rows.sliding_K = torch::tensor(sliding).to(device);
  rows.auxiliary = dataset.auxiliary.tasks;
  if (!rows.auxiliary.empty())
    rows.auxiliary_AR = torch::tensor(dataset.auxiliary.label, torch::kInt64)
                            .view({static_cast<std::int64_t>(rows.auxiliary.size()), -1})
                            .to(device);
  rows.labels_turn = dataset.labels_turn;
  rows.row_words = tokens.row_words;
  rows.pitch_column = tokens.scheme.pitch_column;
  rows.pitch_ids = tokens.scheme.pitch_ids;
  return rows;
}

BatchLayout batch_layout(Padding padding, const BackboneConfig& model, torch::Device device) {
  BatchLayout layout;
  layout.full_rows = padding != Padding::kMasked;
  const auto type = model.precision == "bfloat16" ? torch::kBFloat16 : torch::kFloat32;
  layout.packed =
      !layout.full_rows &&
      (device.is_cpu() ||
       (model.attention == "bidirectional" &&
        kernels_for(DeviceKernel::kAttention, torch::empty({0}, torch::TensorOptions(type).device(device)),
                    model.hidden / model.heads) != nullptr));
  return layout;
}

BatchLayout batch_layout(Padding padding, const Classifier& model, torch::Device device) {
  if (!model.recurrent) return batch_layout(padding, model.backbone.config, device);
  BatchLayout layout;
  layout.full_rows = padding != Padding::kMasked;
  layout.packed = !layout.full_rows;
  return layout;
}

ToldBatch tell(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
               std::span<const std::uint64_t> keys, const BatchLayout& layout) {
  ToldBatch told{shape_of(dataset, rows, layout), {}};
  const auto count = static_cast<std::size_t>(told.shape.rows);
  told.numbers.assign(kNumbersOfRow * count, 0);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    const DatasetRow& row = dataset.rows[rows[b]];
    const std::int64_t numbers[kNumbersOfRow] = {static_cast<std::int64_t>(row.row), row.first_word,
                                                 row.words, shifts.empty() ? 0 : shifts[b],
                                                 keys.empty() ? 0 : static_cast<std::int64_t>(keys[b])};
    for (std::size_t k = 0; k < kNumbersOfRow; ++k) told.numbers[k * count + b] = numbers[k];
  }
  return told;
}

Tensor numbers_of_rows(const BatchShape& shape, const Tensor& numbers) {
  return numbers.view({kNumbersOfRow, shape.rows});
}

ModelInput make_input(const RowTensors& rows, const BatchShape& shape, const Tensor& numbers) {
  const torch::NoGradGuard no_grad;
  const auto of_rows = numbers_of_rows(shape, numbers).unbind(0);
  const Tensor &row_S = of_rows[0], &first_S = of_rows[1], &length_S = of_rows[2], &shift_S = of_rows[3];
  WordPlaces places = shape.packed ? packed_places(shape, length_S) : padded_places(shape, length_S);
  const Tensor source_N =
      (row_S * rows.row_words + first_S).index_select(0, places.row_N) + places.place_N * places.is_word_N;
  Tensor words_NC = rows.words_WC.index_select(0, source_N).to(torch::kInt64);
  Tensor pitch_N = words_NC.select(1, rows.pitch_column);
  pitch_N.add_(shift_S.index_select(0, places.row_N) * (pitch_N < rows.pitch_ids));
  ModelInput input;
  input.source_N = source_N;
  input.words_NC = torch::where(places.is_word_N.unsqueeze(1), words_NC, rows.pad_C);
  // Rows of words without padding need no mask; those of which only the device knows how many there are do.
  if (!shape.packed || !places.sequences.are_known_here())
    input.mask_N = places.is_word_N.to(torch::kFloat32);
  input.sequences = std::move(places.sequences);
  if (rows.condition_RK.defined())
    input.condition_SK = turned(rows.condition_RK.index_select(0, row_S), rows.turning, shift_S);
  if (rows.sliding_K.defined()) input.condition_SK += shift_S.unsqueeze(1) * rows.sliding_K;
  return input;
}

Tensor labels_of(const RowTensors& rows, const BatchShape& shape, const Tensor& numbers) {
  const auto of_rows = numbers_of_rows(shape, numbers).unbind(0);
  Tensor labels_S = rows.label_R.index_select(0, of_rows[0]);
  if (rows.labels_turn) labels_S = (labels_S + of_rows[3]).remainder(kPitchClasses);
  return labels_S.masked_fill(of_rows[2] == 0, kNoLabel);
}

std::vector<Tensor> auxiliary_labels_of(const RowTensors& rows, const BatchShape& shape,
                                        const Tensor& numbers) {
  const auto of_rows = numbers_of_rows(shape, numbers).unbind(0);
  std::vector<Tensor> labels;
  for (std::size_t a = 0; a < rows.auxiliary.size(); ++a) {
    Tensor label_S = rows.auxiliary_AR.select(0, static_cast<std::int64_t>(a)).index_select(0, of_rows[0]);
    const Tensor has_none_S = (label_S < 0).logical_or(of_rows[2] == 0);
    if (rows.auxiliary[a].turns) {
      const Tensor pitch_class_S = label_S.remainder(kPitchClasses);
      label_S = label_S - pitch_class_S + (pitch_class_S + of_rows[3]).remainder(kPitchClasses);
    }
    labels.push_back(label_S.masked_fill(has_none_S, kNoLabel));
  }
  return labels;
}

ModelInput make_input(const RowTensors& tensors, const Dataset& dataset, std::span<const std::size_t> rows,
                      std::span<const int> shifts, const BatchLayout& layout) {
  const ToldBatch told = tell(dataset, rows, shifts, {}, layout);
  ModelInput input =
      make_input(tensors, told.shape, torch::tensor(told.numbers).to(tensors.words_WC.device()));
  if (input.sequences.are_known_here()) return input;
  input.sequences.longest_there = 0;
  for (const std::size_t r : rows) input.sequences.add(dataset.rows[r].words);
  return input;
}

ModelInput make_input(const Dataset& dataset, std::span<const std::size_t> rows, std::span<const int> shifts,
                      Padding padding, torch::Device device) {
  BatchLayout layout;
  layout.full_rows = padding != Padding::kMasked;
  layout.packed = !layout.full_rows && device.is_cpu();  // any model attends to padded rows on any device
  return make_input(row_tensors(dataset, device), dataset, rows, shifts, layout);
}

}  // namespace mofi
