#pragma once
// What recognises emotion (config field "system"), as far as tables need to know.

#include <algorithm>
#include <array>
#include <string_view>

namespace mofi {

inline constexpr std::string_view kMidiBertSystem = "midibert";

/// Classifiers without a neural network, on features of a clip: what every neural row is read against.
inline constexpr std::array<std::string_view, 6> kFloorSystems = {"majority",   "mode_only", "logistic",
                                                                  "linear_svm", "rbf_svm",   "random_forest"};

/// A config without the field is of a time when there was nothing else.
inline bool is_midibert(std::string_view system) { return system.empty() || system == kMidiBertSystem; }
inline bool is_floor(std::string_view system) {
  return std::find(kFloorSystems.begin(), kFloorSystems.end(), system) != kFloorSystems.end();
}

}  // namespace mofi
