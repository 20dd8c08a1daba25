#pragma once
// Key profiles: how well each pitch class fits a major or a minor key, from listening experiments or from
// counts.

#include <array>
#include <span>
#include <string>
#include <vector>

namespace mofi {

struct KeyProfile {
  const char* name;
  std::array<double, 12> major, minor;  ///< tonic first, in semitone steps
};

std::span<const KeyProfile> key_profiles();
std::vector<std::string> key_profile_names();

/// Throws kUsage with the known names.
const KeyProfile& key_profile(const std::string& name);

}  // namespace mofi
