#pragma once
// One combination of the values of an arm's axes.

#include <fmt/core.h>

#include <string>
#include <vector>

#include "ablation/sweep_axes.h"

namespace mofi {

struct SweepPlace {
  const SweepArm& arm;
  std::vector<std::size_t> at;  ///< which value, of every axis

  explicit SweepPlace(const SweepArm& of) : arm(of), at(of.axes.size(), 0) {}

  const AxisValue& value(std::size_t axis) const { return arm.axes[axis]->values[at[axis]]; }

  /// To the next one, the last axis first; false after the last.
  bool advance() {
    for (std::size_t axis = at.size(); axis-- > 0;) {
      if (++at[axis] < arm.axes[axis]->values.size()) return true;
      at[axis] = 0;
    }
    return false;
  }

  /// "{injection.site: 13, seed: 1}"
  std::string text() const {
    std::string text;
    for (std::size_t axis = 0; axis < at.size(); ++axis)
      text += fmt::format("{}{}: {}", axis > 0 ? ", " : "", arm.axes[axis]->name, value(axis).text);
    return "{" + text + "}";
  }
};

}  // namespace mofi
