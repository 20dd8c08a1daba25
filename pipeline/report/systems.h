#pragma once
// What recognises emotion (config field "system"), as far as tables need to know.

#include <string>

#include "training/run_config.h"

namespace mofi {

/// A config without the field is of a time when there was nothing else.
inline bool is_midibert(const std::string& system) { return system.empty() || system == kMidiBert; }
/// Classifiers without a neural network, on features of a clip: what every neural row is read against.
inline bool is_floor(const std::string& system) { return is_classical(system); }

}  // namespace mofi
