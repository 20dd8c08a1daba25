// Who is at fault: the rule of the watchdog, without a job that dies. tests/integration/watchdog_test kills
// real ones.

#include "distributed/watchdog.h"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <vector>

#include "distributed/pulse.h"
#include "ranked_main.h"

namespace mofi {
namespace {

constexpr double kLimit = 10;
constexpr bool kInside = true, kOutside = false;
using Kind = Verdict::Kind;

/// "stuck 2", or "nobody".
std::string culprit(const std::vector<RankState>& ranks) {
  const auto verdict = judge(ranks, kLimit);
  if (!verdict) return "nobody";
  const char* kind = verdict->kind == Kind::kSilent  ? "silent"
                     : verdict->kind == Kind::kStuck ? "stuck"
                                                     : "deadlock";
  return fmt::format("{} {}", kind, verdict->rank);
}

TEST(WatchdogRule, a_rank_that_is_not_heard_of_is_silent) {
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {5, kInside, 0, 11, 11}, {4, kOutside, 10.5, 11, 11}}),
            "silent 2");
  EXPECT_EQ(culprit({{5, kOutside, 0, 0, 0}, {5, kOutside, 9, 9, 9}}), "nobody");
}

TEST(WatchdogRule, of_those_that_do_nothing_while_others_wait_the_one_furthest_behind_is_stuck) {
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {4, kOutside, 0, 11, 11}, {5, kInside, 0, 11, 11}}), "stuck 1");
  EXPECT_EQ(culprit({{7, kInside, 0, 11, 11}, {5, kOutside, 0, 11, 11}, {4, kOutside, 0, 11, 11}}),
            "stuck 2");
  EXPECT_EQ(culprit({{3, kOutside, 0, 50, 11}, {4, kInside, 0, 11, 11}}), "stuck 0");
}

TEST(WatchdogRule, a_rank_that_shows_life_may_be_waited_for_for_ever) {
  EXPECT_EQ(culprit({{5, kInside, 0, 9999, 9999}, {4, kOutside, 0, 9999, 1}}), "nobody");
  // One that waits for it is behind another, but not at fault.
  EXPECT_EQ(culprit({{6, kInside, 0, 99, 99}, {5, kInside, 0, 99, 99}, {4, kOutside, 0, 99, 1}}), "nobody");
}

TEST(WatchdogRule, work_of_all_ranks_without_a_collective_is_left_alone) {
  EXPECT_EQ(culprit({{5, kOutside, 0, 9999, 9999}, {5, kOutside, 0, 9999, 9999}}), "nobody");
  EXPECT_EQ(culprit({{5, kInside, 0, 9, 9}, {4, kOutside, 0, 9999, 9999}}),
            "nobody");  // waits for less than the limit
}

TEST(WatchdogRule, a_rank_behind_one_that_waits_for_a_device_is_stuck_although_nobody_is_inside) {
  EXPECT_EQ(culprit({{5, kOutside, 0, 11, 11}, {4, kOutside, 0, 11, 11}}), "stuck 1");
}

TEST(WatchdogRule, when_all_wait_for_each_other_the_job_ends) {
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {5, kInside, 0, 12, 12}}), "deadlock 0");
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {6, kOutside, 0, 12, 12}}), "deadlock 1");
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {5, kInside, 0, 2, 2}}), "nobody");
}

TEST(WatchdogRule, a_stopped_process_is_called_silent_although_it_is_lifeless_a_little_longer) {
  EXPECT_EQ(culprit({{5, kInside, 0, 11, 11}, {4, kOutside, 9.9, 10.1, 10.1}}), "silent 1");
}

TEST(Pulse, every_rank_has_entered_as_many_collectives_when_all_have_done_the_same) {
  const World& world = test_world();
  const Pulse before = pulse();
  world.barrier();
  world.maximum(1);
  world.broadcast("text");
  world.collect(std::string(1000, 'x'), [&](int, const std::string&) { EXPECT_FALSE(pulse().inside); });
  const auto counts = world.gather("");
  const Pulse after = pulse();
  EXPECT_EQ(after.entered - before.entered, world.size() == 1 ? 0U : 6U);  // collecting counts two
  EXPECT_FALSE(after.inside);
  world.note("step 3");
  EXPECT_EQ(pulse().note, "step 3");
  EXPECT_EQ(pulse().beats, after.beats + 1);
  World::alone().alive();  // a run of a rank's own is a sign of life of this process
  EXPECT_EQ(pulse().beats, after.beats + 2);
}

}  // namespace
}  // namespace mofi
