#pragma once
// The part of a published split that a piece is in.

#include <cstdint>

namespace mofi {

enum class SplitPart : std::uint8_t { kNone = 0, kTrain = 1, kValid = 2, kTest = 3 };

inline constexpr const char* kSplitPartNames[] = {"none", "train", "valid", "test"};

inline const char* split_part_name(SplitPart part) { return kSplitPartNames[static_cast<int>(part)]; }

}  // namespace mofi
