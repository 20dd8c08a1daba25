#include "training/masking.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace mofi {
namespace {

using torch::Tensor;

constexpr std::int64_t kLow32 = 0xFFFFFFFF;

/// The finaliser of MurmurHash3 on the low 32 bits of int64s: 32 random bits of each.
Tensor mixed(const Tensor& x) {
  const auto times = [](const Tensor& a, std::int64_t b) {
    // By halves of b, so that no product leaves 63 bits.
    return ((a * (b & 0xFFFF)) + (((a * (b >> 16)) & 0xFFFF) * 65536)).bitwise_and(kLow32);
  };
  Tensor h = x.bitwise_and(kLow32);
  h = times(h.bitwise_xor(h.bitwise_right_shift(16)), 0x85EBCA6B);
  h = times(h.bitwise_xor(h.bitwise_right_shift(13)), 0xC2B2AE35);
  return h.bitwise_xor(h.bitwise_right_shift(16));
}

std::int64_t rounded(double x) { return static_cast<std::int64_t>(std::floor(x + 0.5)); }
/// The same of shares of counts.
Tensor rounded_share(double share, const Tensor& counts) {
  return (counts.to(torch::kFloat64) * share + 0.5).floor().to(torch::kInt64);
}

/// Sums of those before each.
Tensor begins_of(const Tensor& counts) { return counts.cumsum(0) - counts; }

}  // namespace

std::int64_t chosen_words(const MaskingConfig& config, std::int64_t words) {
  return std::clamp<std::int64_t>(rounded(config.share * static_cast<double>(words)),
                                  std::min<std::int64_t>(words, 1), words);
}

std::int64_t most_chosen_words(const MaskingConfig& config, std::int64_t words, std::int64_t sequences) {
  return std::min(
      words, static_cast<std::int64_t>(std::ceil(config.share * static_cast<double>(words))) + sequences);
}

Masker make_masker(const TokenScheme& scheme, const MaskingConfig& config, bool any_id,
                   torch::Device device) {
  std::vector<std::int64_t> mask, ids;
  for (const TokenColumn& column : scheme.columns) {
    mask.push_back(column.mask);
    ids.push_back(any_id ? column.size : std::min(column.pad, column.mask));
  }
  return {config, torch::tensor(mask).to(device), torch::tensor(ids).to(device)};
}

MaskedWords mask_words(const Masker& masker, const Tensor& words_NC, const Sequences& sequences,
                       const Tensor& lengths_S, const Tensor& keys_S, std::int64_t guesses) {
  const torch::NoGradGuard no_grad;
  const MaskingConfig& config = masker.config;
  const std::int64_t rows = words_NC.size(0), columns = words_NC.size(1), count = lengths_S.numel();
  const auto integers = lengths_S.options();
  const Tensor sequence_N = sequences.sequences_of_rows(rows, words_NC.device());
  const Tensor place_N =
      torch::arange(rows, integers) - sequences.starts_on(words_NC.device()).index_select(0, sequence_N);
  const Tensor key_S = keys_S.bitwise_xor(keys_S.bitwise_right_shift(32)).bitwise_and(kLow32);
  const Tensor bits_N =
      mixed(key_S.index_select(0, sequence_N).bitwise_xor((place_N * 0x9E3779B9LL).bitwise_and(kLow32)));

  // Sequence by sequence in random order, ties by place; last, what may not be chosen.
  const Tensor may_N = place_N < lengths_S.index_select(0, sequence_N);
  const Tensor of_order_N = sequence_N.masked_fill(may_N.logical_not(), count);
  const Tensor order_N =
      torch::argsort(of_order_N.bitwise_left_shift(32) + bits_N, /*stable=*/true, 0, false);

  // Of each sequence the first k in that order are chosen, of these the first m masked, the next r random.
  const Tensor k_S = torch::minimum(rounded_share(config.share, lengths_S).clamp_min(1), lengths_S);
  const Tensor m_S = torch::minimum(rounded_share(config.masked, k_S), k_S);
  const Tensor r_S = torch::minimum(rounded_share(config.random, k_S), k_S - m_S);
  const Tensor ends_S = k_S.cumsum(0), slot_M = torch::arange(guesses, integers);
  const Tensor is_chosen_M = slot_M < ends_S.select(0, count - 1);
  const Tensor sequence_M = torch::searchsorted(ends_S, slot_M, false, /*right=*/true).clamp_max(count - 1);
  const auto of_sequence = [&](const Tensor& x_S) { return x_S.index_select(0, sequence_M); };
  const Tensor rank_M = slot_M - of_sequence(begins_of(k_S));
  const Tensor word_M =
      order_N.index_select(0, (of_sequence(begins_of(lengths_S)) + rank_M).clamp_max(rows - 1));

  MaskedWords made;
  made.positions_M = word_M * is_chosen_M;
  const Tensor stood_MC = words_NC.index_select(0, word_M);
  made.targets_MC = stood_MC.masked_fill(is_chosen_M.logical_not().unsqueeze(1), kNoTarget);

  const Tensor column_C = torch::arange(1, columns + 1, integers);
  const Tensor random_MC =
      mixed(bits_N.index_select(0, word_M).unsqueeze(1) + column_C * 0x632BE5AB).remainder(masker.ids_C);
  const Tensor masked_M = rank_M < of_sequence(m_S), kept_M = rank_M >= of_sequence(m_S + r_S);
  const Tensor seen_MC = torch::where(masked_M.unsqueeze(1), masker.mask_C,
                                      torch::where(kept_M.unsqueeze(1), stood_MC, random_MC));
  // What is past the last goes to a row that is then left out.
  const Tensor to_M = word_M.masked_fill(is_chosen_M.logical_not(), rows);
  made.words_NC =
      torch::cat({words_NC, words_NC.slice(0, 0, 1)}).index_copy(0, to_M, seen_MC).slice(0, 0, rows);
  return made;
}

MaskedWords next_words(const Tensor& words_NC, const Sequences& sequences, const Tensor& lengths_S,
                       std::int64_t guesses) {
  const torch::NoGradGuard no_grad;
  const std::int64_t rows = words_NC.size(0), count = lengths_S.numel();
  const Tensor k_S = (lengths_S - 1).clamp_min(0), ends_S = k_S.cumsum(0),
               slot_M = torch::arange(guesses, lengths_S.options());
  const Tensor is_asked_M = slot_M < ends_S.select(0, count - 1);
  const Tensor sequence_M = torch::searchsorted(ends_S, slot_M, false, /*right=*/true).clamp_max(count - 1);
  const Tensor word_M = (sequences.starts_on(words_NC.device()).index_select(0, sequence_M) + slot_M -
                         begins_of(k_S).index_select(0, sequence_M))
                            .clamp_max(rows - 2)
                            .clamp_min(0);
  MaskedWords made;
  made.words_NC = words_NC;
  made.positions_M = word_M * is_asked_M;
  made.targets_MC = words_NC.index_select(0, (word_M + 1).clamp_max(rows - 1))
                        .masked_fill(is_asked_M.logical_not().unsqueeze(1), kNoTarget);
  return made;
}

}  // namespace mofi
