// The CPU's own attention and dropout against ATen's plain form.

#include "model/attention.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/dropout.h"

namespace mofi {
namespace {

using torch::Tensor;

struct Case {
  std::vector<std::int64_t> lengths;
  std::int64_t heads, width, max_position;
  bool biased = false;
  std::int64_t left_over = 0;  ///< rows of no sequence
};

constexpr Reach kReaches[] = {Reach::kAll, Reach::kEarlier};

struct Tensors {
  Tensor query, key, value, distance, bias, upstream;
  Sequences sequences;
};

Tensors random_tensors(const Case& c) {
  torch::manual_seed(11);
  const auto leaf = [](at::IntArrayRef sizes) { return torch::randn(sizes).requires_grad_(); };
  Tensors t;
  for (const std::int64_t length : c.lengths) t.sequences.add(length);
  const std::int64_t rows = t.sequences.starts.back() + c.left_over, width = c.heads * c.width;
  t.query = leaf({rows, width});
  t.key = leaf({rows, width});
  t.value = leaf({rows, width});
  t.distance = leaf({2 * c.max_position - 1, c.width});
  if (c.biased) {
    t.bias = torch::zeros({rows});
    t.bias.slice(0, t.sequences.starts.back() - c.lengths.back() / 3).fill_(-10000.0);
  }
  t.upstream = torch::randn({rows, width});
  return t;
}

Tensor fused(const Tensors& t, std::int64_t heads, const AttentionDropout& dropout = {},
             Reach reach = Reach::kAll) {
  return attention(t.query, t.key, t.value, t.distance, t.bias, t.sequences, heads, dropout, reach);
}
Tensor plain(const Tensors& t, std::int64_t heads, Reach reach = Reach::kAll) {
  return plain_attention(t.query, t.key, t.value, t.distance, t.bias, t.sequences, heads, 0, reach);
}

std::vector<Tensor> with_gradients(const Tensor& result, const Tensors& t) {
  const auto gradients = torch::autograd::grad({result}, {t.query, t.key, t.value, t.distance},
                                               {t.upstream.to(result.scalar_type())});
  return {result.detach(), gradients[0], gradients[1], gradients[2], gradients[3]};
}

void expect_near(const std::vector<Tensor>& found, const std::vector<Tensor>& expected, double bound,
                 const Case& c) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = (found[i] - expected[i]).abs().max().item<double>(),
                 size = expected[i].abs().max().item<double>();
    EXPECT_LE(difference, bound * std::max(size, 1.0)) << "tensor " << i << ", rows of " << c.lengths.front();
  }
}

TEST(Attention, result_and_gradients_equal_the_plain_form) {
  // Rows shorter than a block, of several blocks, of part of one; tables longer than the rows; heads of odd
  // widths.
  for (const Case& c : {Case{{9, 9}, 2, 8, 12, true},
                        {{1}, 1, 4, 3},
                        {{128, 128}, 2, 16, 128},
                        {{300}, 3, 16, 512, true},
                        {{257}, 1, 64, 257},
                        {{70}, 2, 37, 80}})
    for (const Reach reach : kReaches) {
      const Tensors t = random_tensors(c);
      expect_near(with_gradients(fused(t, c.heads, {}, reach), t),
                  with_gradients(plain(t, c.heads, reach), t), 2e-5, c);
    }
}

TEST(Attention, of_earlier_words_the_plain_form_is_the_definition) {
  Tensors t = random_tensors({{7}, 1, 4, 9});
  const Tensor l = torch::arange(7).unsqueeze(1), r = torch::arange(7).unsqueeze(0);
  const Tensor e_LLD = t.distance.index({l - r + 8});
  const Tensor scores = (t.query.mm(t.key.t()) + torch::einsum("ld,lrd->lr", {t.query, e_LLD}) +
                         torch::einsum("rd,lrd->lr", {t.key, e_LLD})) /
                        2.0;
  const Tensor earlier = torch::softmax(scores.masked_fill(r > l, -INFINITY), 1);
  EXPECT_TRUE(torch::allclose(plain(t, 1, Reach::kEarlier), earlier.mm(t.value), 1e-4, 1e-5));
}

TEST(Attention, what_stands_later_changes_nothing_before_it_by_a_bit) {
  const Case c = {{300, 40}, 2, 16, 512};
  Tensors t = random_tensors(c);
  for (const std::int64_t from : {1, 63, 64, 200, 299}) {
    const Tensor before = fused(t, c.heads, {0.1, 3}, Reach::kEarlier);
    Tensors later = t;
    for (Tensor* tensor : {&later.query, &later.key, &later.value}) {
      *tensor = tensor->detach().clone();
      tensor->slice(0, from, 300).normal_();
    }
    const Tensor after = fused(later, c.heads, {0.1, 3}, Reach::kEarlier);
    EXPECT_TRUE(torch::equal(after.slice(0, 0, from), before.slice(0, 0, from))) << from;
    EXPECT_TRUE(torch::equal(after.slice(0, 300), before.slice(0, 300))) << "another sequence";
    EXPECT_FALSE(torch::equal(after[from], before[from])) << from;
    // Nor does a gradient come from there.
    const auto back = torch::autograd::grad({before.slice(0, 0, from).sum()}, {t.key, t.value});
    for (const Tensor& gradient : back)
      EXPECT_EQ(gradient.slice(0, from, 300).abs().max().item<float>(), 0) << from;
  }
}

TEST(Attention, sequences_of_different_lengths_do_not_touch_each_other) {
  const Case c = {{200, 3, 65, 64, 1, 130}, 2, 16, 256, true, 11};
  for (const Reach reach : kReaches) {
    const Tensors t = random_tensors(c);
    const auto found = with_gradients(fused(t, c.heads, {}, reach), t);
    expect_near(found, with_gradients(plain(t, c.heads, reach), t), 2e-5, c);
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(found[i].slice(0, t.sequences.starts.back()).abs().max().item<float>(), 0) << "tensor " << i;
  }
}

TEST(Attention, bfloat16_is_rounded_where_it_comes_in_and_goes_out_and_in_the_probabilities_kept) {
  const Case c = {{100, 30}, 2, 32, 128};
  Tensors t = random_tensors(c);
  for (Tensor* tensor : {&t.query, &t.key, &t.value})
    *tensor = tensor->detach().to(torch::kBFloat16).requires_grad_();
  t.upstream = t.upstream.to(torch::kBFloat16).to(torch::kFloat32);
  Tensors exact = t;
  for (Tensor* tensor : {&exact.query, &exact.key, &exact.value})
    *tensor = tensor->detach().to(torch::kFloat32).requires_grad_();
  const auto found = with_gradients(fused(t, c.heads), t),
             expected = with_gradients(fused(exact, c.heads), exact);
  EXPECT_TRUE(torch::equal(found[0], expected[0].to(torch::kBFloat16)));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[i].scalar_type(), torch::kBFloat16);
  constexpr double kHalfAStep = 1.0 / 512;
  for (std::size_t i = 1; i < found.size(); ++i)
    EXPECT_LE((found[i] - expected[i]).norm().item<double>(),
              2 * kHalfAStep * expected[i].norm().item<double>())
        << "tensor " << i;
}

TEST(Attention, threads_change_neither_result_nor_gradients_by_a_bit) {
  const Case c = {{150, 90, 150, 20, 150}, 4, 8, 200, true};
  const Tensors t = random_tensors(c);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = with_gradients(fused(t, c.heads, {0.1, 5}), t);
  at::set_num_threads(3);
  const auto three = with_gradients(fused(t, c.heads, {0.1, 5}), t);
  at::set_num_threads(threads);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << "tensor " << i;
}

TEST(Attention, with_dropout_gradients_are_those_of_the_mask_that_was_drawn) {
  // One head as wide as the row is long and the identity as values: the result is the dropped probabilities.
  const std::int64_t length = 40;
  const double probability = 0.3;
  for (const Reach reach : kReaches) {
    Tensors t = random_tensors({{length}, 1, length, 64});
    t.value = torch::eye(length).requires_grad_();
    const auto found = with_gradients(fused(t, 1, {probability, 123}, reach), t);
    const Tensor factors = (found[0] != 0).to(torch::kFloat32) / (1 - probability);
    const Tensor in_reach =
        reach == Reach::kAll ? torch::ones({length, length}) : torch::ones({length, length}).tril();
    const double share = ((factors == 0) * in_reach).sum().item<double>() / in_reach.sum().item<double>();
    EXPECT_NEAR(share, probability, 0.065);  // four standard deviations, of half the matrix

    // The plain form with these factors: from its own probabilities, which values of the identity show.
    const Tensor probabilities = plain(t, 1, reach);
    const Tensor expected = (probabilities * factors).detach();
    EXPECT_TRUE(torch::allclose(found[0], expected, 1e-4, 1e-6));
    const auto gradients =
        torch::autograd::grad({probabilities}, {t.query, t.key, t.distance}, {t.upstream * factors});
    EXPECT_TRUE(torch::allclose(found[1], gradients[0], 1e-3, 1e-5));
    EXPECT_TRUE(torch::allclose(found[2], gradients[1], 1e-3, 1e-5));
    EXPECT_TRUE(torch::allclose(found[4], gradients[2], 1e-3, 1e-5));
    EXPECT_TRUE(torch::allclose(found[3], expected.t().mm(t.upstream), 1e-3, 1e-5));
  }
}

TEST(Attention, a_score_that_is_no_number_is_not_hidden) {
  Tensors t = random_tensors({{40}, 1, 8, 64});
  const torch::NoGradGuard no_grad;
  t.distance[63 + 20].fill_(std::numeric_limits<float>::quiet_NaN());  // of queries 20 words after a key
  const Tensor found = fused(t, 1);
  EXPECT_TRUE(torch::equal(found.isnan(), plain(t, 1).isnan()));
  EXPECT_TRUE(found.isnan().any().item<bool>());
}

TEST(Attention, what_is_no_number_stays_in_its_sequence) {
  // A short sequence after a long one, in the same memory, with heads whose width is padded.
  const Case c = {{300, 3}, 1, 37, 512};
  Tensors t = random_tensors(c);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  {
    const torch::NoGradGuard no_grad;
    for (Tensor* tensor : {&t.query, &t.key, &t.value})
      tensor->slice(0, 0, 300).fill_(std::numeric_limits<float>::quiet_NaN());
  }
  const Tensor result = fused(t, c.heads);
  const auto gradients = torch::autograd::grad({result}, {t.query, t.key, t.value}, {t.upstream});
  at::set_num_threads(threads);
  EXPECT_TRUE(result.slice(0, 0, 300).isnan().all().item<bool>());
  EXPECT_FALSE(result.slice(0, 300).isnan().any().item<bool>());
  for (const Tensor& gradient : gradients) EXPECT_FALSE(gradient.slice(0, 300).isnan().any().item<bool>());
}

TEST(Attention, where_nothing_goes_back_the_result_is_the_same) {
  const Tensors t = random_tensors({{70, 20}, 2, 16, 128, true});
  const Tensor with_way_back = fused(t, 2);
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(fused(t, 2), with_way_back));
}

TEST(Attention, a_dropout_too_rare_to_happen_changes_nothing) {
  const Tensors t = random_tensors({{20}, 1, 8, 32});
  EXPECT_TRUE(torch::equal(fused(t, 1, {1e-12, 3}), fused(t, 1)));
}

TEST(Dropout, drops_its_share_scales_the_rest_and_goes_back_by_the_same_mask) {
  torch::manual_seed(1);
  const Tensor x = torch::ones({400, 101}).requires_grad_();
  const Tensor y = dropout(x, 0.1);
  const double share = (y == 0).to(torch::kFloat32).mean().item<double>();
  EXPECT_NEAR(share, 0.1, 0.006);  // four standard deviations
  EXPECT_TRUE(torch::all((y == 0) | ((y - 1 / 0.9).abs() < 1e-6)).item<bool>());
  EXPECT_TRUE(torch::equal(torch::autograd::grad({y.sum()}, {x})[0], y.detach()));
  // Neither rows nor columns share a mask, nor do two calls.
  const Tensor dropped = y == 0;
  EXPECT_GT((dropped.sum(1) > 0).sum().item<int>(), 390);
  EXPECT_LT(dropped.sum(0).max().item<int>(), 80);
  EXPECT_FALSE(torch::equal(dropout(x, 0.1), y));
  EXPECT_TRUE(torch::equal(dropout(x, 0), x));
}

TEST(Dropout, the_generator_s_seed_decides_it) {
  const Tensor x = torch::ones({10, 64});
  torch::manual_seed(7);
  const Tensor once = dropout(x, 0.5);
  torch::manual_seed(7);
  EXPECT_TRUE(torch::equal(dropout(x, 0.5), once));
}

TEST(Dropout, neighbouring_elements_are_dropped_independently) {
  torch::manual_seed(2);
  const Tensor dropped = (dropout(torch::ones({2000, 64}), 0.5) == 0).to(torch::kFloat64) - 0.5;
  const double along = (dropped.slice(1, 1) * dropped.slice(1, 0, 63)).mean().item<double>() * 4,
               across = (dropped.slice(0, 1) * dropped.slice(0, 0, 1999)).mean().item<double>() * 4;
  EXPECT_NEAR(along, 0, 0.012);  // four standard deviations of a correlation over 126,000 pairs
  EXPECT_NEAR(across, 0, 0.012);
}

}  // namespace
}  // namespace mofi
