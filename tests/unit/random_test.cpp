#include "core/random.h"

#include <gmock/gmock.h>

#include <set>

namespace mofi {
namespace {

TEST(Random, philox_equals_the_vectors_of_its_authors) {
  // Random123, kat_vectors: philox4x32 10 rounds.
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}),
              testing::ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
              testing::ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              testing::ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(Random, a_stream_is_a_function_of_seed_purpose_and_counters) {
  EXPECT_EQ(RandomStream(1, "a", 2, 3).next_u64(), RandomStream(1, "a", 2, 3).next_u64());
  std::set<std::uint64_t> first;
  for (const auto& stream :
       {RandomStream(1, "a"), RandomStream(2, "a"), RandomStream(1, "b"), RandomStream(1, "a", 1),
        RandomStream(1, "a", 0, 1), RandomStream(1, "a", 0, 0, 1), RandomStream(1, "a", 1, 0)})
    first.insert(RandomStream(stream).next_u64());
  EXPECT_EQ(first.size(), 6U) << "counters left out are 0, so one pair is equal";
}

TEST(Random, bounded_integers_are_uniform) {
  RandomStream stream(1, "test");
  std::vector<int> counts(7, 0);
  for (int i = 0; i < 70'000; ++i) ++counts[stream.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);  // 4 standard deviations
}

TEST(Random, a_permutation_holds_every_index_once_and_differs_by_seed) {
  const auto order = random_permutation(100, RandomStream(1, "p"));
  EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 100U);
  EXPECT_NE(order, random_permutation(100, RandomStream(2, "p")));
}

}  // namespace
}  // namespace mofi
