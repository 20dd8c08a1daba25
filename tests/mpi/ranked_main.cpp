// main of tests that run alone and under mpirun: the same tests on every rank, with one World for all of
// them.

#include "ranked_main.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace mofi {
static const World* shared_world = nullptr;

/// Prints what failed, with the rank.
class FailurePrinter : public testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed())
      std::fprintf(stderr, "[rank %d] %s:%d: %s\n", rank_, result.file_name(), result.line_number(),
                   result.message());
  }

 private:
  int rank_;
};

const World& test_world() { return *shared_world; }

}  // namespace mofi

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const mofi::World world;
  mofi::shared_world = &world;
  const char* expected = std::getenv("MOFI_TEST_RANKS");
  if (expected != nullptr && std::atoi(expected) != world.size()) {
    std::fprintf(stderr, "started as %s ranks, but MPI sees %d\n", expected, world.size());
    return 1;
  }
  if (!world.is_root()) {  // one report is enough, unless another rank fails
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new mofi::FailurePrinter(world.rank()));
  }
  const int failed = RUN_ALL_TESTS();
  return world.maximum(failed);
}
