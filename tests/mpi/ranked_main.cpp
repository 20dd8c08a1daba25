// main of tests that run alone and under mpirun: the same tests on every rank, with one World for all of
// them.

#include "ranked_main.h"

#include <gtest/gtest.h>

namespace mofi {
namespace {

const World* shared_world = nullptr;

}  // namespace

const World& test_world() { return *shared_world; }

}  // namespace mofi

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const mofi::World world;
  mofi::shared_world = &world;
  if (!world.is_root()) {  // one report is enough, unless a rank fails
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  const int failed = RUN_ALL_TESTS();
  return world.maximum(failed);
}
