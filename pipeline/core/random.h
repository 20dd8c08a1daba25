#pragma once
// Counter-based randomness: every draw is a function of (seed, purpose, counters), so that nothing has to be
// saved to resume a run, and adding a consumer changes nobody else's numbers.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011).

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace mofi {

/// One block of Philox4x32-10.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// What names a stream: the run's seed, a purpose such as "shuffle", and up to three counters (epoch, step,
/// rank …).
std::uint64_t stream_key(std::uint64_t seed, std::string_view purpose, std::uint64_t a = 0,
                         std::uint64_t b = 0, std::uint64_t c = 0);

/// A stream of draws. Cheap to make; make a new one for every purpose.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) : key_(key) {}
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t a = 0, std::uint64_t b = 0,
               std::uint64_t c = 0)
      : RandomStream(stream_key(seed, purpose, a, b, c)) {}

  std::uint32_t next_u32();
  std::uint64_t next_u64() {
    const std::uint64_t high = next_u32();  // first: the order of operands of | is the compiler's choice
    return high << 32 | next_u32();
  }
  /// Uniform in 0..bound-1, unbiased (Lemire's multiplication with rejection). bound > 0.
  std::uint32_t below(std::uint32_t bound);
  /// Uniform integer in first..last, both included.
  int between(int first, int last) {
    return first + static_cast<int>(below(static_cast<std::uint32_t>(last - first + 1)));
  }
  /// Uniform in [0, 1) with 53 random bits.
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
  /// Standard normal (Box-Muller).
  double normal();

  /// Fisher-Yates, the same on every platform (std::shuffle is not).
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[below(static_cast<std::uint32_t>(i))]);
  }

 private:
  std::uint64_t key_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  int used_ = 4;
};

/// 0..size-1 in random order.
std::vector<std::int64_t> random_permutation(std::int64_t size, RandomStream stream);

}  // namespace mofi
