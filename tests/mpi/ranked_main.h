#pragma once

#include "distributed/world.h"

namespace mofi {

/// The ranks that the test was started with.
const World& test_world();

}  // namespace mofi
