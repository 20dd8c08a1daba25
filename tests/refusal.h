#pragma once
// The sentence with which something is refused.

#include <string>

#include "core/error.h"

namespace mofi {

/// The sentence with which something is refused, or "" when it is not.
template <class Action>
std::string refusal_of(Action action, ExitCode expected = ExitCode::kData) {
  try {
    action();
  } catch (const Error& error) {
    return error.code() == expected ? error.what() : "another exit code: " + std::string(error.what());
  }
  return "";
}

}  // namespace mofi
