// Heads and losses of single words: token tasks and masked words.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/masked_lm.h"
#include "model/token_head.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr std::int64_t kWidth = 12;

ParameterSet parameter_set() { return {1, torch::kFloat64}; }

Tensor some_hidden() {
  torch::manual_seed(8);
  return torch::randn({3, 7, kWidth}, torch::kFloat64).requires_grad_();
}

bool near(const Tensor& a, const Tensor& b) { return torch::allclose(a, b, 1e-12, 1e-14); }

TEST(WordLoss, sums_losses_and_hits_over_the_words) {
  const Tensor logits =
      torch::tensor({{2.0, 0.0, -1.0}, {0.0, 0.0, 5.0}, {1.0, 3.0, 0.0}, {0.5, 0.0, 0.0}}, torch::kFloat64);
  const WordScores scores = score_words(logits, torch::tensor({0, 1, 1, 2}));
  double expected = 0;
  expected += std::log(std::exp(2.0) + 1 + std::exp(-1.0)) - 2;
  expected += std::log(2 + std::exp(5.0));
  expected += std::log(std::exp(1.0) + std::exp(3.0) + 1) - 3;
  expected += std::log(std::exp(0.5) + 2);
  EXPECT_NEAR(scores.loss_sum.item<double>(), expected, 1e-13);
  EXPECT_EQ(scores.correct.item<int>(), 2);
  EXPECT_EQ(scores.words, 4);
}

TEST(TokenHead, choosing_words_first_gives_the_masked_mean_of_all_words_and_its_gradients) {
  ParameterSet parameters = parameter_set();
  const TokenHead head = make_token_head(parameters, HeadConfig{}, kWidth, 4);
  const Tensor hidden = some_hidden();
  const Tensor labels = torch::randint(4, {3, 7});
  const Tensor mask = (labels != 0).to(torch::kFloat64);
  const std::vector<Tensor> leaves = {hidden, head.first.weight, head.first.bias, head.second.weight,
                                      head.second.bias};

  const Tensor all = torch::cross_entropy_loss(classify_tokens(head, hidden, false).flatten(0, 1),
                                               labels.flatten(), {}, at::Reduction::None);
  const Tensor plain = (all * mask.flatten()).sum() / mask.sum();
  const Tensor chosen = labelled_words(labels);
  const WordScores scores = score_words(classify_tokens(head, words_at(hidden, chosen), false),
                                        labels.flatten().index_select(0, chosen));
  const Tensor loss = scores.loss_sum / scores.words;
  EXPECT_EQ(scores.words, mask.sum().item<std::int64_t>());
  EXPECT_TRUE(near(loss, plain));
  const auto expected = torch::autograd::grad({plain}, leaves), found = torch::autograd::grad({loss}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(near(found[i], expected[i])) << i;
}

TEST(TokenHead, drops_a_tenth_of_its_input_in_training_only) {
  ParameterSet parameters(1, torch::kFloat32);
  TokenHead head = make_token_head(parameters, HeadConfig{.hidden = 1}, 5000, 1);
  {
    const torch::NoGradGuard no_grad;  // the head becomes a sum over its input
    for (Linear* layer : {&head.first, &head.second}) {
      layer->weight.fill_(1);
      layer->bias.fill_(0);
    }
  }
  torch::manual_seed(3);
  const Tensor ones = torch::ones({1, 5000});
  EXPECT_EQ(classify_tokens(head, ones, false).item<double>(), 5000);
  const double kept = classify_tokens(head, ones, true).item<double>() * 0.9;
  EXPECT_NEAR(kept, 4500, 5 * std::sqrt(5000 * 0.09));
  EXPECT_NE(kept, classify_tokens(head, ones, true).item<double>() * 0.9);
}

/// What pre-training is defined by, over all positions and with a mask.
Tensor plain_masked_lm_loss(const MaskedLmHead& head, const Tensor& hidden, const Tensor& selected_BL,
                            const Tensor& words_BLC) {
  Tensor total = torch::zeros({}, torch::kFloat64);
  double ids = 0;
  const auto logits = predict_words(head, hidden);
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const auto size = static_cast<double>(logits[c].size(2));
    const Tensor each = torch::cross_entropy_loss(
        logits[c].flatten(0, 1), words_BLC.select(2, static_cast<int>(c)).flatten(), {}, at::Reduction::None);
    total = total + size * (each * selected_BL.flatten()).sum() / selected_BL.sum();
    ids += size;
  }
  return total / ids;
}

TEST(MaskedLm, selected_words_give_the_masked_means_weighted_by_ids_and_their_gradients) {
  ParameterSet parameters = parameter_set();
  const MaskedLmHead head = make_masked_lm_head(parameters, kWidth, {4, 18, 9});
  const Tensor hidden = some_hidden();
  const Tensor words =
      torch::stack({torch::randint(4, {3, 7}), torch::randint(18, {3, 7}), torch::randint(9, {3, 7})}, 2);
  const Tensor selected = (torch::arange(21) % 4 == 2).view({3, 7});
  std::vector<Tensor> leaves = {hidden};
  for (const NamedTensor& entry : parameters.all()) leaves.push_back(entry.tensor);

  const Tensor positions = selected.flatten().nonzero().squeeze(1);
  const MaskedLmScores scores =
      score_masked_words(head, hidden, positions, words.flatten(0, 1).index_select(0, positions));
  const Tensor loss = scores.loss_sum / scores.words,
               plain = plain_masked_lm_loss(head, hidden, selected.to(torch::kFloat64), words);
  EXPECT_EQ(scores.words, 5);
  EXPECT_TRUE(near(loss, plain));
  const auto expected = torch::autograd::grad({plain}, leaves), found = torch::autograd::grad({loss}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(near(found[i], expected[i])) << i;

  EXPECT_NEAR((scores.column_loss_C * torch::tensor({4, 18, 9})).sum().item<double>() / 31,
              scores.loss_sum.item<double>(), 1e-12);
  EXPECT_FALSE(scores.column_loss_C.requires_grad());
}

TEST(MaskedLm, counts_hits_by_column) {
  ParameterSet parameters = parameter_set();
  const MaskedLmHead head = make_masked_lm_head(parameters, kWidth, {4, 18, 9});
  const Tensor hidden = some_hidden();
  const auto logits = predict_words(head, hidden);
  Tensor targets = torch::stack({logits[0].argmax(2), logits[1].argmax(2), logits[2].argmax(2)}, 2);
  targets = targets.flatten(0, 1);
  targets.select(1, 1).slice(0, 0, 6).add_(1).remainder_(18);  // six words of column 1 become wrong
  const MaskedLmScores scores = score_masked_words(head, hidden, torch::arange(21), targets);
  EXPECT_TRUE(torch::equal(scores.correct_C, torch::tensor({21, 15, 21})));
}

TEST(MaskedLm, shares_of_ranks_add_up_to_the_whole_also_where_a_rank_has_no_word) {
  ParameterSet parameters = parameter_set();
  const MaskedLmHead head = make_masked_lm_head(parameters, kWidth, {4, 18});
  const Tensor hidden = some_hidden();
  const Tensor positions = torch::tensor({0, 3, 4, 11, 20});
  const Tensor targets = torch::stack({torch::randint(4, {5}), torch::randint(18, {5})}, 1);
  std::vector<Tensor> leaves = {hidden};
  for (const NamedTensor& entry : parameters.all()) leaves.push_back(entry.tensor);
  const auto whole =
      torch::autograd::grad({score_masked_words(head, hidden, positions, targets).loss_sum / 5}, leaves);

  // Ranks average gradients, so each scales its sum by ranks / words of all ranks.
  constexpr int kRanks = 3, kShares[kRanks + 1] = {0, 2, 2, 5};
  std::vector<Tensor> mean;
  for (const Tensor& leaf : leaves) mean.push_back(torch::zeros_like(leaf));
  std::int64_t words = 0;
  for (int rank = 0; rank < kRanks; ++rank) {
    const MaskedLmScores scores =
        score_masked_words(head, hidden, positions.slice(0, kShares[rank], kShares[rank + 1]),
                           targets.slice(0, kShares[rank], kShares[rank + 1]));
    words += scores.words;
    const auto mine = torch::autograd::grad({scores.loss_sum * kRanks / 5.0}, leaves);
    for (std::size_t i = 0; i < leaves.size(); ++i) mean[i] += mine[i] / kRanks;
  }
  EXPECT_EQ(words, 5);
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(near(mean[i], whole[i])) << i;
}

TEST(MaskedLm, words_are_chosen_from_packed_rows_as_from_padded_ones) {
  ParameterSet parameters = parameter_set();
  const MaskedLmHead head = make_masked_lm_head(parameters, kWidth, {4, 18});
  const Tensor hidden = some_hidden();
  const Tensor targets = torch::stack({torch::randint(4, {2}), torch::randint(18, {2})}, 1);
  // Row 1, place 5 and row 2, place 0; packed, where row 0 has 4 words and row 1 has 6, these are words 9
  // and 10.
  const Tensor packed = torch::cat({hidden[0].slice(0, 0, 4), hidden[1].slice(0, 0, 6), hidden[2]});
  EXPECT_TRUE(near(score_masked_words(head, hidden, torch::tensor({12, 14}), targets).loss_sum,
                   score_masked_words(head, packed, torch::tensor({9, 10}), targets).loss_sum));
}

}  // namespace
}  // namespace mofi
