// Which words are masked, and what pre-training makes of them.

#include "training/masking.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <set>

#include "model/weights.h"
#include "refusal.h"
#include "small_corpus.h"
#include "temporary_folder.h"
#include "training/dataset.h"
#include "training/pretrain.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using torch::Tensor;

const TokenScheme kScheme = token_scheme("cp4");

struct Rows {
  Sequences sequences;
  std::vector<std::int64_t> lengths;
  Tensor words_NC;
};

Rows rows_of(const std::vector<std::int64_t>& lengths) {
  Rows rows;
  for (const std::int64_t length : lengths) rows.sequences.add(length);
  rows.lengths = lengths;
  const std::int64_t words = rows.sequences.starts.back();
  rows.words_NC = torch::arange(words * 4).view({words, 4}).remainder(torch::tensor({2, 16, 86, 64}));
  return rows;
}

MaskedWords masked(const Rows& rows, const std::vector<std::uint64_t>& keys, bool any_id = false,
                   const MaskingConfig& config = {}, std::int64_t spare = 0) {
  std::int64_t guesses = 0;
  for (const std::int64_t length : rows.lengths) guesses += chosen_words(config, length);
  return mask_words(make_masker(kScheme, config, any_id, torch::kCPU), rows.words_NC, rows.sequences,
                    torch::tensor(rows.lengths),
                    torch::tensor(std::vector<std::int64_t>(keys.begin(), keys.end())), guesses + spare);
}

Tensor mask_word() { return torch::tensor({3, 17, 87, 65}); }

TEST(Masking, so_many_words_are_chosen_masked_and_replaced_as_bert_does_it) {
  const Rows rows = rows_of({512, 40, 3});
  const MaskedWords made = masked(rows, {1, 2, 3});
  EXPECT_EQ(made.positions_M.size(0), 77 + 6 + 1);  // round(0.15 n), one at least
  EXPECT_TRUE(torch::equal(made.targets_MC, rows.words_NC.index_select(0, made.positions_M)));
  const Tensor is_mask = (made.words_NC == mask_word()).all(1);
  EXPECT_EQ(is_mask.slice(0, 0, 512).sum().item<std::int64_t>(), 62);  // round(0.8 · 77)
  const Tensor changed = (made.words_NC != rows.words_NC).any(1);
  const auto changes = changed.slice(0, 0, 512).sum().item<std::int64_t>();
  EXPECT_LE(changes, 70);  // 62 and round(0.1 · 77) random ones, which may be what stood there
  EXPECT_GE(changes, 67);
  Tensor elsewhere = torch::ones({rows.words_NC.size(0)}, torch::kBool);
  elsewhere.index_fill_(0, made.positions_M, false);
  EXPECT_FALSE((changed & elsewhere).any().item<bool>());
  const std::vector<std::int64_t> positions(
      made.positions_M.data_ptr<std::int64_t>(),
      made.positions_M.data_ptr<std::int64_t>() + made.positions_M.numel());
  EXPECT_EQ(std::set(positions.begin(), positions.end()).size(), positions.size());
}

TEST(Masking, a_row_is_masked_by_its_key_whatever_stands_beside_it) {
  const Rows alone = rows_of({60}), beside = rows_of({60, 33});
  const MaskedWords a = masked(alone, {42}), b = masked(beside, {42, 7}), other = masked(alone, {43});
  EXPECT_TRUE(torch::equal(a.words_NC, b.words_NC.slice(0, 0, 60)));
  EXPECT_TRUE(torch::equal(a.positions_M, b.positions_M.slice(0, 0, a.positions_M.size(0))));
  EXPECT_FALSE(torch::equal(a.positions_M, other.positions_M));
}

TEST(Masking, room_for_more_guesses_changes_none) {
  const Rows rows = rows_of({40, 0, 3, 60});
  const MaskedWords exact = masked(rows, {1, 2, 3, 4}), roomy = masked(rows, {1, 2, 3, 4}, false, {}, 9);
  const std::int64_t chosen = exact.positions_M.size(0);
  EXPECT_EQ(chosen, 6 + 0 + 1 + 9);
  EXPECT_TRUE(torch::equal(roomy.words_NC, exact.words_NC));
  EXPECT_TRUE(torch::equal(roomy.positions_M.slice(0, 0, chosen), exact.positions_M));
  EXPECT_TRUE(torch::equal(roomy.targets_MC.slice(0, 0, chosen), exact.targets_MC));
  EXPECT_TRUE((roomy.positions_M.slice(0, chosen) == 0).all().item<bool>());
  EXPECT_TRUE((roomy.targets_MC.slice(0, chosen) == kNoTarget).all().item<bool>());
}

TEST(Masking, no_batch_has_more_guesses_than_its_size_lets_expect) {
  for (std::int64_t words = 1; words < 300; ++words)
    for (const std::int64_t sequences : {1, 2, 7}) {
      std::int64_t chosen = 0;
      for (std::int64_t s = 0; s < sequences; ++s)
        chosen += chosen_words({}, words * (s + 1) / sequences - words * s / sequences);
      EXPECT_LE(chosen, most_chosen_words({}, words, sequences)) << words << " words";
    }
}

TEST(Masking, every_place_and_every_id_has_the_same_chance) {
  const std::int64_t length = 50, draws = 4000;
  std::vector<std::int64_t> lengths(draws, length);
  std::vector<std::uint64_t> keys;
  for (std::int64_t i = 0; i < draws; ++i)
    keys.push_back(stream_key(1, "test", static_cast<std::uint64_t>(i)));
  const Rows rows = rows_of(lengths);
  const MaskedWords made = masked(rows, keys, false, {.share = 0.2, .masked = 0, .random = 1});
  const Tensor counts = torch::bincount(made.positions_M.remainder(length), {}, length);
  // 800 a place; so far off is less likely than 1 in 10,000 for 50 of them.
  EXPECT_GT(counts.min().item<std::int64_t>(), 800 - 130);
  EXPECT_LT(counts.max().item<std::int64_t>(), 800 + 130);
  for (const auto& [column, ids] : std::vector<std::pair<int, int>>{{0, 2}, {1, 16}, {2, 86}, {3, 64}}) {
    const Tensor seen = made.words_NC.index_select(0, made.positions_M).select(1, column);
    const Tensor of_id = torch::bincount(seen, {}, ids).to(torch::kFloat64);
    EXPECT_EQ(of_id.size(0), ids) << "padding and mask are no words";
    const double expected = static_cast<double>(made.positions_M.numel()) / ids;
    EXPECT_LT(((of_id - expected).abs() / std::sqrt(expected)).max().item<double>(), 4.8)
        << "column " << column;
  }
}

TEST(Masking, as_midibert_does_it_random_words_may_be_padding_or_mask) {
  const Rows rows = rows_of({20000});
  const MaskedWords made = masked(rows, {5}, true, {.share = 1, .masked = 0, .random = 1});
  EXPECT_EQ(std::get<0>(made.words_NC.max(0))[0].item<std::int64_t>(), 3);
  EXPECT_EQ(std::get<0>(made.words_NC.max(0))[2].item<std::int64_t>(), 87);
}

TEST(NextWords, every_word_but_the_last_is_asked_for_the_one_that_follows) {
  const Rows rows = rows_of({5, 1, 0, 3});
  for (const std::int64_t spare : {0, 4}) {
    const MaskedWords made =
        next_words(rows.words_NC, rows.sequences, torch::tensor(rows.lengths), 4 + 0 + 0 + 2 + spare);
    EXPECT_TRUE(torch::equal(made.words_NC, rows.words_NC)) << "all are seen as they are";
    const Tensor asked = torch::tensor({0, 1, 2, 3, 6, 7});
    EXPECT_TRUE(torch::equal(made.positions_M.slice(0, 0, 6), asked));
    EXPECT_TRUE(torch::equal(made.targets_MC.slice(0, 0, 6), rows.words_NC.index_select(0, asked + 1)));
    EXPECT_TRUE((made.positions_M.slice(0, 6) == 0).all().item<bool>());
    EXPECT_TRUE((made.targets_MC.slice(0, 6) == kNoTarget).all().item<bool>());
  }
}

PretrainConfig small_pretraining() {
  const RunConfig like = small_run();
  PretrainConfig config;
  config.model = like.model;
  config.data.max_words = 16;
  config.data.held_out = 0.2;
  config.training.epochs = 2;
  config.training.batch = 8;
  config.training.learning_rate = 1e-3;
  return config;
}

PretrainConfig small_next_word() {
  PretrainConfig config = small_pretraining();
  config.objective = "next_word";
  config.model.attention = "causal";
  return config;
}

TEST(Pretrain, the_next_word_is_learned_from_those_before_it) {
  const TokenTable tokens = small_corpus(60);  // bar and position follow from the word before
  PretrainConfig config = small_next_word();
  config.training.epochs = 40;
  config.training.learning_rate = 1e-2;
  complete(config);
  const PretrainOutcome outcome = pretrain(World::alone(), config, tokens, torch::kCPU);
  const Json &first = outcome.trained.history.front()["valid"], &last = outcome.metrics;
  EXPECT_GT(last["accuracy"]["Position"].get<double>(), 0.75);
  EXPECT_GT(last["accuracy"]["Bar"].get<double>(), 0.95);
  EXPECT_LT(last["loss_by_column"]["Position"].get<double>(),
            0.5 * first["loss_by_column"]["Position"].get<double>());
  // Counts guess the same words: after the word before, the place in the bar is certain, and it is never the
  // same.
  EXPECT_EQ(outcome.baselines["Position"]["copy"].get<double>(), 0);
  EXPECT_GT(outcome.baselines["Position"]["bigram"].get<double>(), 0.9);
}

TEST(Pretrain, the_next_word_is_not_asked_of_a_model_that_sees_it) {
  PretrainConfig config = small_next_word();
  config.model.attention = "bidirectional";
  EXPECT_THAT(refusal_of([&] { complete(config); }, ExitCode::kUsage),
              HasSubstr("shows every word the next one; set model.attention: causal"));
  PretrainConfig a = small_next_word(), b = a;
  b.masking.share = 0.3;
  complete(a);
  complete(b);
  EXPECT_EQ(config_to_json(a, true), config_to_json(b, true)) << "nothing is masked";
}

TEST(Pretrain, the_config_of_a_causal_backbone_asks_for_one_of_the_same_size_and_corpus) {
  const auto config_of = [](const char* file) {
    auto config = read_config<PretrainConfig>(load_config(std::string(MOFI_SOURCE "/configs/") + file));
    complete(config);
    return config_to_json(config);
  };
  Json masked = config_of("pretrain_mini.yaml"), causal = config_of("pretrain_causal.yaml");
  EXPECT_EQ(causal["objective"], "next_word");
  EXPECT_EQ(causal["model"]["attention"], "causal");
  causal["objective"] = masked["objective"];
  causal["model"]["attention"] = masked["model"]["attention"];
  EXPECT_EQ(causal, masked);
}

TEST(Pretrain, a_causal_backbone_starts_causal_classifiers_alone) {
  const TokenTable tokens = small_corpus(40);
  const TemporaryFolder folder;
  const PretrainConfig config = small_next_word();
  const Keeping keeping = {
      folder.path(),
      "p",
      {{"layout", "masked-LM"}, {"scheme", "cp4"}, {"pretraining", config_to_json(config, true).dump()}}};
  write_pretraining(keeping, config, tokens, pretrain(World::alone(), config, tokens, torch::kCPU, keeping));
  RunConfig run = small_run();
  run.training.weights = folder.path() / "weights.safetensors";
  const auto load = [&] {
    Classifier model = make_model(run, tokens.scheme, 4, torch::kCPU);
    load_start_weights(run, tokens.scheme, model);
  };
  EXPECT_THAT(refusal_of(load, ExitCode::kUsage),
              HasSubstr("model.attention: causal says, the config asks for bidirectional"));
  run.model.attention = "causal";
  EXPECT_EQ(refusal_of(load, ExitCode::kUsage), "");
}

TEST(Pretrain, steps_that_are_recorded_and_replayed_are_the_same_steps) {
  const TokenTable tokens = small_corpus(44);
  PretrainConfig as_midibert = small_pretraining();
  as_midibert.data.reproduce_midibert = true;
  for (PretrainConfig config : {small_pretraining(), as_midibert, small_next_word()}) {
    config.model.hidden_dropout = config.model.attention_dropout = 0;
    const PretrainOutcome plain = pretrain(World::alone(), config, tokens, torch::kCPU);
    config.training.graphs = "on";
    const PretrainOutcome replayed = pretrain(World::alone(), config, tokens, torch::kCPU);
    for (std::size_t i = 0; i < plain.model.parameters.all().size(); ++i)
      EXPECT_TRUE(torch::allclose(plain.model.parameters.all()[i].tensor,
                                  replayed.model.parameters.all()[i].tensor, 1e-4, 1e-5))
          << plain.model.parameters.all()[i].name;
    EXPECT_NEAR(plain.trained.history.back()["loss"].get<double>(),
                replayed.trained.history.back()["loss"].get<double>(), 1e-4);
  }
}

TEST(Pretrain, learns_what_is_there_to_be_learned) {
  const TokenTable tokens =
      small_corpus(60);  // bar and position follow from their neighbours, pitch from nothing
  PretrainConfig config = small_pretraining();
  config.training.epochs = 40;
  config.training.learning_rate = 1e-2;
  config.data.transpose_down = config.data.transpose_up = 2;
  const PretrainOutcome outcome = pretrain(World::alone(), config, tokens, torch::kCPU);
  const Json &first = outcome.trained.history.front()["valid"], &last = outcome.metrics;
  EXPECT_LT(last["loss_by_column"]["Bar"].get<double>(), 0.7 * first["loss_by_column"]["Bar"].get<double>());
  EXPECT_LT(last["loss"].get<double>(), first["loss"].get<double>());
  EXPECT_GT(last["accuracy"]["Bar"].get<double>(), 0.8);
  EXPECT_EQ(outcome.metrics, outcome.trained.history.back()["valid"])
      << "held-out masks are the same every time";
  EXPECT_EQ(outcome.corpus["train"]["songs"].get<int>() + outcome.corpus["held_out"]["songs"].get<int>(),
            30 - 14)
      << "songs of the split's valid and test parts are left out";
}

TEST(Pretrain, reproducing_midibert_masks_padding_and_keeps_songs_of_test_parts) {
  const TokenTable tokens = small_corpus(40);
  PretrainConfig config = small_pretraining();
  config.data.reproduce_midibert = true;
  config.data.held_out = 0.15;
  const PretrainOutcome outcome = pretrain(World::alone(), config, tokens, torch::kCPU);
  EXPECT_EQ(outcome.corpus["train"]["songs"].get<int>(), 20);
  EXPECT_TRUE(std::isfinite(outcome.metrics["loss"].get<double>()));
}

TEST(Pretrain, weights_start_a_classifier) {
  const TokenTable tokens = small_corpus(40);
  const TemporaryFolder folder;
  const PretrainConfig config = small_pretraining();
  const Keeping keeping = {folder.path(), "p", {{"layout", "masked-LM"}, {"scheme", "cp4"}}};
  EXPECT_FALSE(is_pretrained(keeping));
  const PretrainOutcome outcome = pretrain(World::alone(), config, tokens, torch::kCPU, keeping);
  write_pretraining(keeping, config, tokens, outcome);
  EXPECT_TRUE(is_pretrained(keeping));
  RunConfig run = small_run();
  run.training.weights = folder.path() / "weights.safetensors";
  Classifier model = make_classifier(run.model, run.injection, run.head, column_sizes(tokens.scheme), 4, 2);
  load_start_weights(run, tokens.scheme, model);
  for (const NamedTensor& entry : outcome.model.parameters.all())
    if (entry.name.starts_with(kBackbonePrefix)) {
      EXPECT_TRUE(torch::equal(entry.tensor, model.parameters.get(entry.name))) << entry.name;
    }
}

}  // namespace
}  // namespace mofi
