#include "training/dataset.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <algorithm>

#include "core/error.h"
#include "small_corpus.h"
#include "training/model_input.h"

namespace mofi {
namespace {

std::string refusal(const RunConfig& config, const TokenTable& tokens, const ModeTable* modes,
                    ExitCode expected) {
  try {
    make_dataset(tokens, modes, config);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected) << error.what();
    return error.what();
  }
  return "not refused";
}

TEST(Dataset, parts_are_those_of_the_split_and_nothing_is_lost) {
  const TokenTable tokens = small_corpus(24);
  const Dataset dataset = make_dataset(tokens, nullptr, small_run());
  EXPECT_EQ(dataset.rows_in({"train"}).size() + dataset.rows_in({"valid", "test"}).size(), 24U);
  for (const std::size_t r : dataset.rows_in({"test"}))
    EXPECT_EQ(tokens.pieces[dataset.rows[r].piece].split[0], SplitPart::kTest);
}

TEST(Dataset, an_unknown_split_is_refused_with_those_that_exist) {
  RunConfig config = small_run();
  config.data.split = "midibert";
  EXPECT_EQ(refusal(config, small_corpus(24), nullptr, ExitCode::kUsage),
            "data.split is 'midibert'; these tokens have given and folds: set data.split");
}

TEST(Dataset, the_default_split_is_named_as_such_where_the_tokens_lack_it) {
  RunConfig config = small_run();
  config.data.split = DataConfig{}.split;
  EXPECT_EQ(refusal(config, small_corpus(24), nullptr, ExitCode::kUsage),
            "data.split is 'song_level', its default; these tokens have given and folds: set data.split");
}

TEST(Dataset, training_on_one_class_alone_is_refused) {
  TokenTable tokens = small_corpus(24);
  for (TokenPiece& piece : tokens.pieces)
    if (piece.split[0] == SplitPart::kTrain) piece.label = 0;
  EXPECT_EQ(refusal(small_run(), tokens, nullptr, ExitCode::kData),
            "split given leaves rows of " + tokens.class_names[0] +
                " alone to train on; training needs two classes");
}

TEST(Dataset, modes_are_joined_by_id_and_by_the_digest_of_the_midi_file) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  ModeTable modes = small_modes(tokens);
  std::reverse(modes.pieces.begin(), modes.pieces.end());
  const Dataset dataset = make_dataset(tokens, &modes, config);
  EXPECT_EQ(dataset.mode[0], kMajor);
  EXPECT_EQ(dataset.mode[1], kMinor);
  EXPECT_THAT(dataset.condition.row(0), testing::ElementsAre(1, 0));
  EXPECT_THAT(dataset.condition.row(1), testing::ElementsAre(0, 1));

  modes.pieces[3].midi_sha256 = std::string(64, 'f');
  EXPECT_THAT(refusal(config, tokens, &modes, ExitCode::kData),
              testing::HasSubstr("made from different MIDI files"));
  modes.pieces.pop_back();
  EXPECT_THAT(refusal(config, tokens, &modes, ExitCode::kData),
              testing::HasSubstr("has no piece piece_000.mid"));
  EXPECT_THAT(refusal(config, tokens, nullptr, ExitCode::kUsage), testing::HasSubstr("needs a mode file"));
}

TEST(Dataset, modes_of_segments_are_joined_row_by_row) {
  TokenTable tokens = small_corpus(24);
  tokens.options = R"({"segment_words":512})";
  for (std::size_t r = 0; r + 1 < 24; r += 2) tokens.piece[r + 1] = tokens.piece[r];  // the rows of 12 pieces
  for (std::size_t r = 0; r < 24; ++r) tokens.piece[r] /= 2;
  tokens.pieces.resize(12);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  ModeTable modes;
  modes.unit = "segment";
  modes.token_options = tokens.options;
  for (std::uint32_t piece = 0; piece < 12; ++piece)
    for (std::uint32_t segment = 0; segment < 2; ++segment)
      modes.pieces.push_back({.piece_id = tokens.pieces[piece].id,
                              .segment = segment,
                              .midi_sha256 = tokens.pieces[piece].midi_sha256,
                              .tonic = 0,
                              .mode = piece == 0 && segment == 1 ? kMinor : kMajor});
  const Dataset dataset = make_dataset(tokens, &modes, config);
  EXPECT_THAT(dataset.condition.row(0), testing::ElementsAre(1, 0));
  EXPECT_THAT(dataset.condition.row(1), testing::ElementsAre(0, 1));
  EXPECT_EQ(dataset.mode[0], kUndefinedMode) << "its segments have different modes";
  EXPECT_EQ(dataset.mode[1], kMajor);

  modes.token_options = "{}";
  EXPECT_THAT(refusal(config, tokens, &modes, ExitCode::kData),
              testing::HasSubstr("the tokens were made by"));
  modes.token_options = tokens.options;
  modes.pieces.erase(modes.pieces.begin() + 1);
  EXPECT_THAT(refusal(config, tokens, &modes, ExitCode::kData),
              testing::HasSubstr("has no piece piece_000.mid, segment 1"));
}

TEST(Dataset, a_constant_and_an_undefined_mode_tell_nothing) {
  const TokenTable tokens = small_corpus(24);
  RunConfig config = small_run();
  config.injection.condition = "constant";
  EXPECT_THAT(make_dataset(tokens, nullptr, config).condition.values, testing::Each(0.5F));
  config.injection.condition = "mode";
  ModeTable modes = small_modes(tokens);
  modes.pieces[0].mode = kUndefinedMode;
  EXPECT_THAT(make_dataset(tokens, &modes, config).condition.row(0), testing::ElementsAre(0.5F, 0.5F));
}

TEST(Dataset, shuffled_modes_keep_their_share_in_every_part_and_depend_on_the_seed) {
  const TokenTable tokens = small_corpus(64);
  const ModeTable modes = small_modes(tokens);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  const Dataset truth = make_dataset(tokens, &modes, config);
  config.injection.condition = "shuffled";
  const Dataset shuffled = make_dataset(tokens, &modes, config);
  for (const char* part : {"train", "valid", "test"}) {
    float true_majors = 0, shuffled_majors = 0;
    for (const std::size_t r : truth.rows_in({part})) {
      true_majors += truth.condition.row(truth.rows[r].row)[0];
      shuffled_majors += shuffled.condition.row(shuffled.rows[r].row)[0];
    }
    EXPECT_EQ(true_majors, shuffled_majors) << part;
  }
  EXPECT_NE(truth.condition, shuffled.condition);
  EXPECT_EQ(truth.mode, shuffled.mode) << "what is recorded beside predictions stays true";
  config.seed = 2;
  EXPECT_NE(make_dataset(tokens, &modes, config).condition, shuffled.condition);
}

/// What stands for row b of the dataset in an input: its words, shifted, then padding.
void expect_words(const Dataset& dataset, const ModelInput& input, int b, int shift) {
  const TokenTable& tokens = *dataset.tokens;
  const DatasetRow& row = dataset.rows[b];
  for (int l = 0; l < input.sequences.length(b); ++l)
    for (int c = 0; c < 4; ++c) {
      const int plain = l < row.words ? tokens.row(row.row)[l * 4 + c] : tokens.scheme.columns[c].pad;
      ASSERT_EQ(input.words_NC[input.sequences.starts[b] + l][c].item<int>(),
                plain + (c == tokens.scheme.pitch_column && l < row.words ? shift : 0));
    }
}

TEST(Dataset, masked_inputs_are_shifted_words_without_padding) {
  const TokenTable tokens = small_corpus(24);
  const Dataset dataset = make_dataset(tokens, nullptr, small_run());
  const std::vector<std::size_t> rows = {0, 1};
  const std::vector<int> shifts = {2, -3};
  const ModelInput input = make_input(dataset, rows, shifts, Padding::kMasked, torch::kCPU);
  EXPECT_FALSE(input.mask_N.defined());
  EXPECT_EQ(input.words_NC.size(0) % 64, 0) << "few sizes, so few compiled kernels";
  for (int b = 0; b < 2; ++b) {
    EXPECT_EQ(input.sequences.length(b), dataset.rows[b].words);
    expect_words(dataset, input, b, shifts[b]);
  }
}

TEST(Dataset, inputs_of_conventions_that_look_at_padding_are_padded_to_the_full_length) {
  const TokenTable tokens = small_corpus(24);
  const Dataset dataset = make_dataset(tokens, nullptr, small_run());
  const std::vector<std::size_t> rows = {0, 1};
  const ModelInput input = make_input(dataset, rows, {}, Padding::kPooled, torch::kCPU);
  ASSERT_EQ(input.words_NC.size(0), 2 * 32);
  for (int b = 0; b < 2; ++b) {
    expect_words(dataset, input, b, 0);
    const torch::Tensor mask = input.mask_N.slice(0, 32 * b, 32 * (b + 1));
    EXPECT_EQ(mask.sum().item<float>(), dataset.rows[b].words);
    EXPECT_EQ(mask.slice(0, 0, dataset.rows[b].words).sum().item<float>(), dataset.rows[b].words);
  }
}

TEST(Dataset, batches_of_recorded_steps_have_few_sizes_and_rows_without_words) {
  const TokenTable tokens = small_corpus(24);
  const Dataset dataset = make_dataset(tokens, nullptr, small_run());
  const RowTensors tensors = row_tensors(dataset, torch::kCPU);
  const std::vector<std::size_t> rows = {3, 0, 5};
  const std::vector<int> shifts = {2, -3, 0};
  for (const bool packed : {true, false}) {
    BatchLayout layout;
    layout.packed = packed;
    layout.recorded_rows = 5;
    const ToldBatch told = tell(dataset, rows, shifts, {}, layout);
    const torch::Tensor numbers = torch::tensor(told.numbers);
    const ModelInput input = make_input(tensors, told.shape, numbers);
    EXPECT_EQ(input.words_NC.size(0), told.shape.words);
    EXPECT_EQ(input.sequences.count(), 5);
    const ModelInput exact = make_input(dataset, rows, shifts, Padding::kMasked, torch::kCPU);
    for (int b = 0; b < 3; ++b) {
      const std::int64_t words = dataset.rows[rows[b]].words, at = input.sequences.starts[b],
                         there = exact.sequences.starts[b];
      EXPECT_TRUE(torch::equal(input.words_NC.slice(0, at, at + words),
                               exact.words_NC.slice(0, there, there + words)));
    }
    const torch::Tensor labels = labels_of(tensors, told.shape, numbers);
    for (int b = 0; b < 5; ++b)
      EXPECT_EQ(labels[b].item<std::int64_t>(), b < 3 ? dataset.rows[rows[b]].label : kNoLabel);
    BatchShape again = BatchShape::of(told.shape.numbers());
    EXPECT_EQ(again, told.shape);
  }
}

TEST(Dataset, conditions_that_have_a_tonic_move_with_the_music) {
  TokenTable tokens = small_corpus(24);
  ModeTable modes = small_modes(tokens);
  for (std::size_t p = 0; p < 3; ++p) modes.pieces[p].tonic = 10;  // B flat major, minor, major
  RunConfig config = small_run();
  const std::vector<std::size_t> rows = {0, 1, 2};
  const std::vector<int> shifts = {3, -11, 0};
  const auto told = [&](const char* condition) {
    config.injection.condition = condition;
    return make_input(make_dataset(tokens, &modes, config), rows, shifts, Padding::kMasked, torch::kCPU)
        .condition_SK;
  };
  const torch::Tensor places = told("key").argmax(1);
  EXPECT_EQ(places[0].item<int>(), 1) << "up to D flat major";
  EXPECT_EQ(places[1].item<int>(), 12 + 11) << "down to B minor";
  EXPECT_EQ(places[2].item<int>(), 10);
  EXPECT_EQ(told("key").sum().item<float>(), 3);
  EXPECT_TRUE(torch::equal(told("mode"), torch::tensor({{1.F, 0.F}, {0.F, 1.F}, {1.F, 0.F}})));
}

TEST(RunConfig, fields_without_effect_are_reset_so_that_equal_runs_are_equal) {
  RunConfig a = small_run(), b = small_run();
  b.injection.site = 2;
  b.data.fold = 3;
  complete(a);
  complete(b);
  EXPECT_EQ(config_to_json(a, true), config_to_json(b, true));
  b.injection.condition = "mode";
  b.injection.site = 3;
  EXPECT_THROW(complete(b), Error);
}

}  // namespace
}  // namespace mofi
