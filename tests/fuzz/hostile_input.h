#pragma once
// What every fuzz target asks of a reader, whatever the bytes: it accepts them or throws an Error with the
// code it promises; no other exception, and memory within a multiple of the input's size. The sanitizers
// watch the rest.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/error.h"

namespace mofi {

/// The memory that a reader may hold at once, as heap blocks.
struct MemoryBound {
  std::size_t fixed_bytes = std::size_t{1} << 16;
  std::size_t bytes_per_input_byte = 64;
};

/// Calls `read`. Returns whether it accepted the input; false where it threw an Error with the code
/// `refusal`. Anything else ends the process, which libFuzzer takes for a finding.
bool accepts(std::span<const std::byte> input, ExitCode refusal, const MemoryBound& bound,
             const std::function<void()>& read);

/// Ends the process with a sentence if `holds` is false: a promise of a reader about what it accepted is
/// broken.
void require(bool holds, const char* promise);

}  // namespace mofi
