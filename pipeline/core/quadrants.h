#pragma once
// Russell's quadrants, the classes of emotion in EMOPIA and VGMIDI: valence, arousal = (+,+), (-,+), (-,-),
// (+,-).

#include <string>
#include <vector>

namespace mofi {

inline const std::vector<std::string>& quadrant_names() {
  static const std::vector<std::string> names = {"Q1", "Q2", "Q3", "Q4"};
  return names;
}

}  // namespace mofi
