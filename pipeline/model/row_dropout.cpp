#include "model/row_dropout.h"

namespace mofi {
namespace {

/// SplitMix64, of which the upper half is a key.
std::uint32_t mixed(std::uint64_t seed, std::uint64_t row) {
  std::uint64_t x = seed + row * 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return static_cast<std::uint32_t>((x ^ (x >> 31)) >> 32);
}

}  // namespace

RowDropout dropout_of_row(double probability, std::uint64_t seed, std::int64_t row) {
  if (probability <= 0) return {};
  return {mixed(seed, static_cast<std::uint64_t>(row)),
          static_cast<std::uint32_t>(probability * 4294967296.0), static_cast<float>(1 / (1 - probability))};
}

}  // namespace mofi
