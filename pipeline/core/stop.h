#pragma once
// Requests to stop: TERM, INT and USR2 set a flag that loops look at between steps (the handler does nothing
// else).

namespace mofi {

/// Installs the handlers, for programs that look at requested_stop(). Call before any thread is started.
/// A second INT or TERM kills the process as usual.
void install_stop_signals();

/// The signal that asked this process to stop, or 0.
int requested_stop();

}  // namespace mofi
