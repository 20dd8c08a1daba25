#include "distributed/world.h"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "distributed/tickets.h"
#include "ranked_main.h"

namespace mofi {
namespace {

TEST(World, sums_maxima_broadcasts_and_gathers_hold_every_rank_once) {
  const World& world = test_world();
  std::vector<double> values = {1.0, static_cast<double>(world.rank())};
  world.sum(values);
  EXPECT_EQ(values[0], world.size());
  EXPECT_EQ(values[1], world.size() * (world.size() - 1) / 2.0);
  EXPECT_EQ(world.maximum(world.rank() == world.size() - 1 ? 75 : 0), 75);
  EXPECT_EQ(world.broadcast(world.is_root() ? "root's" : "mine"), "root's");
  const auto texts = world.gather(std::string(world.rank() * 3, 'x'));
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(world.size()));
  for (int r = 0; r < world.size(); ++r) EXPECT_EQ(texts[r].size(), r * 3U);
  EXPECT_LT(world.node_rank(), world.node_size());
}

TEST(World, collecting_hands_the_bytes_of_every_other_rank_to_the_first_in_order) {
  const World& world = test_world();
  const Team team = world.team();
  std::string expected, received;
  team.collect(
      std::string(static_cast<std::size_t>(world.rank()) * 100'000, static_cast<char>('a' + world.rank())),
      [&](int rank, const std::string& bytes) { received += std::to_string(rank) + bytes; });
  for (int r = 1; r < world.size() && world.is_root(); ++r)
    expected +=
        std::to_string(r) + std::string(static_cast<std::size_t>(r) * 100'000, static_cast<char>('a' + r));
  EXPECT_TRUE(received == expected);
  EXPECT_EQ(team.owner(5), 5 % world.size());
  EXPECT_EQ(team.on_this_node, world.node_size());
}

TEST(World, alone_is_complete_without_the_others) {
  const World alone = World::alone();
  double value = 3;
  alone.sum({&value, 1});
  EXPECT_EQ(value, 3);
  EXPECT_EQ(alone.size(), 1);
  EXPECT_THAT(alone.gather("a"), testing::ElementsAre("a"));
}

TEST(World, groups_are_worlds_of_their_own_that_do_not_meet) {
  const World& world = test_world();
  const int group = world.rank() / 2;
  const World part = world.split(group);
  EXPECT_EQ(part.size(), std::min(2, world.size() - 2 * group));
  EXPECT_EQ(part.rank(), world.rank() % 2);
  EXPECT_EQ(part.node_rank(), world.node_rank());
  for (int turn = 0; turn < 3 + group; ++turn) {  // as many as each likes
    double ranks = world.rank();
    part.sum({&ranks, 1});
    EXPECT_EQ(ranks, part.size() == 2 ? 4 * group + 1 : 2 * group);
    EXPECT_EQ(part.broadcast(std::to_string(world.rank())), std::to_string(2 * group));
  }
  EXPECT_EQ(part.gather(std::to_string(group)),
            std::vector<std::string>(static_cast<std::size_t>(part.size()), std::to_string(group)));
}

TEST(Tickets, every_ticket_is_given_exactly_once) {
  const World& world = test_world();
  for (const std::int64_t total : {0, 1, 500}) {
    std::string mine;
    {
      TicketQueue tickets(world, total);
      while (const auto ticket = tickets.next()) mine += std::to_string(*ticket) + " ";
      tickets.finish();
    }
    std::vector<int> given(static_cast<std::size_t>(total), 0);
    for (const std::string& text : world.gather(mine)) {
      std::istringstream numbers(text);
      for (std::size_t ticket = 0; numbers >> ticket;) ++given.at(ticket);
    }
    EXPECT_THAT(given, testing::Each(1));
  }
}

TEST(Tickets, a_stop_of_one_rank_ends_the_handing_out_to_all) {
  const World& world = test_world();
  TicketQueue tickets(world, 1'000'000'000);
  if (world.rank() == world.size() - 1) tickets.stop();
  int taken = 0;
  while (tickets.next()) ++taken;  // would take minutes without the stop
  tickets.finish();
  EXPECT_LT(taken, 1'000'000'000);
}

TEST(Tickets, the_first_rank_hears_every_report_once_and_may_end_the_handing_out) {
  const World& world = test_world();
  std::vector<std::string> heard;
  int taken = 0;
  {
    TicketQueue tickets(world, 1'000'000'000, [&](int rank, const std::string& text) {
      heard.push_back(std::to_string(rank) + " " + text);
      return heard.size() < 50;
    });
    while (const auto ticket = tickets.next()) {
      ++taken;
      tickets.report("did " + std::to_string(*ticket));
    }
    tickets.finish();
  }
  int all = 0;
  for (const std::string& text : world.gather(std::to_string(taken))) all += std::stoi(text);
  if (!world.is_root()) return;
  EXPECT_GE(all, 50);
  EXPECT_LT(all, 50 + world.size());
  EXPECT_EQ(static_cast<int>(heard.size()), all);
  EXPECT_EQ(std::set<std::string>(heard.begin(), heard.end()).size(), heard.size());
}

}  // namespace
}  // namespace mofi
