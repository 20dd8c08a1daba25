#pragma once
// The conditions that a model can be told, a line each.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

inline constexpr int kPerFeature = -1, kPerClass = -2;

/// What the model and its inputs must know of a condition; how its numbers are filled: training/conditions.h.
struct Condition {
  const char* name;  ///< injection.condition
  const char* help;
  int width;        ///< numbers a piece; kPerFeature: one for each of injection.features; kPerClass
  int turning;      ///< so many leading numbers are blocks of 12 pitch classes, which move with the music
  bool needs_keys;  ///< is told of keys, so needs a mode file
};

std::span<const Condition> condition_list();
/// Throws an internal error for a name that no config reader lets through.
const Condition& condition_named(std::string_view name);

std::vector<std::string> condition_names();
/// What each tells, in words.
std::string condition_help();

}  // namespace mofi
