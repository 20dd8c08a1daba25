#pragma once
// Where a training keeps its checkpoints and what their manifests call themselves, for readers without
// LibTorch.

namespace mofi {

inline constexpr const char* kCheckpointFolder = "checkpoint";
inline constexpr const char* kCheckpointSchema = "mofi-checkpoint/1";

}  // namespace mofi
