#include "training/masking.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>

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

std::int64_t rounded(double x) { return static_cast<std::int64_t>(std::llround(x)); }

/// Of the chosen words of all sequences: where each is in the list of words by fate.
struct Fates {
  std::vector<std::int64_t> chosen, masked, random;  ///< ranks in the order of draws, over all sequences
};

Fates fates(const MaskingConfig& config, const std::vector<std::int64_t>& lengths) {
  Fates f;
  std::int64_t start = 0;
  for (const std::int64_t length : lengths) {
    const std::int64_t k = chosen_words(config, length);
    const std::int64_t m = std::min(rounded(config.masked * static_cast<double>(k)), k);
    const std::int64_t r = std::min(rounded(config.random * static_cast<double>(k)), k - m);
    for (std::int64_t i = 0; i < k; ++i) {
      const auto at = static_cast<std::int64_t>(f.chosen.size());
      f.chosen.push_back(start + i);
      if (i < m)
        f.masked.push_back(at);
      else if (i < m + r)
        f.random.push_back(at);
    }
    start += length;
  }
  return f;
}

}  // namespace

std::int64_t chosen_words(const MaskingConfig& config, std::int64_t words) {
  return std::clamp<std::int64_t>(rounded(config.share * static_cast<double>(words)),
                                  std::min<std::int64_t>(words, 1), words);
}

MaskedWords mask_words(const TokenScheme& scheme, const MaskingConfig& config, const Tensor& words_NC,
                       const Sequences& sequences, const std::vector<std::int64_t>& lengths,
                       const std::vector<std::uint64_t>& keys, bool any_id) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = words_NC.device();
  const auto there = [&](const std::vector<std::int64_t>& values) {
    return torch::tensor(values, torch::kInt64).to(device);
  };
  // Of every word that may be chosen: its place, its sequence, its random bits.
  std::vector<std::int64_t> place, sequence, key;
  for (std::size_t s = 0; s < lengths.size(); ++s)
    for (std::int64_t i = 0; i < lengths[s]; ++i) {
      place.push_back(sequences.starts[s] + i);
      sequence.push_back(static_cast<std::int64_t>(s));
      key.push_back(static_cast<std::int64_t>((keys[s] ^ (keys[s] >> 32)) & kLow32) ^
                    (i * 0x9E3779B9LL & kLow32));
    }
  const Tensor place_W = there(place), bits_W = mixed(there(key));
  // Sequence by sequence in random order, ties by place.
  const Tensor order_W =
      torch::argsort(there(sequence).bitwise_left_shift(32) + bits_W, /*stable=*/true, 0, false);

  const Fates f = fates(config, lengths);
  MaskedWords made;
  const Tensor chosen_M = order_W.index_select(0, there(f.chosen));
  made.positions_M = place_W.index_select(0, chosen_M);
  made.targets_MC = words_NC.index_select(0, made.positions_M);

  std::vector<std::int64_t> mask;
  std::vector<Tensor> random;
  const Tensor random_at = there(f.random),
               random_bits = bits_W.index_select(0, chosen_M.index_select(0, random_at));
  for (std::size_t c = 0; c < scheme.columns.size(); ++c) {
    const TokenColumn& column = scheme.columns[c];
    mask.push_back(column.mask);
    const std::int64_t ids = any_id ? column.size : std::min(column.pad, column.mask);
    random.push_back(mixed(random_bits + static_cast<std::int64_t>(c + 1) * 0x632BE5AB).remainder(ids));
  }
  Tensor seen_MC = made.targets_MC.clone();
  const Tensor masked_at = there(f.masked);
  seen_MC.index_copy_(0, masked_at, there(mask).expand({masked_at.size(0), -1}).contiguous());
  seen_MC.index_copy_(0, random_at, torch::stack(random, 1));
  made.words_NC = words_NC.index_copy(0, made.positions_M, seen_MC);
  return made;
}

}  // namespace mofi
