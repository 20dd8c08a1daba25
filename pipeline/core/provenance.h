#pragma once
// Who made an artifact: never part of its identity, always written beside it.

#include <string>

#include "core/config.h"

namespace mofi {

/// "mofi 0.1.0 (commit 1a2b3c4d5e6f+changes)".
std::string producer();

/// Program, commit, host, command line and the current time in UTC.
Json provenance();

/// Remembers the command line for provenance(). Call once, first thing in main.
void remember_command_line(int argc, char** argv);

/// The current time in UTC, "2026-01-31T12:00:00Z".
std::string utc_now();

}  // namespace mofi
