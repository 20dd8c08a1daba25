#include "core/stop.h"

#include <signal.h>

#include <csignal>
#include <initializer_list>

namespace mofi {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

extern "C" void remember_signal(int signal_number) { stop_signal = signal_number; }

}  // namespace

void install_stop_signals() {
  for (const int signal_number : {SIGTERM, SIGINT, SIGUSR2}) {
    struct sigaction action {};
    action.sa_handler = remember_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | (signal_number == SIGUSR2 ? 0 : static_cast<int>(SA_RESETHAND));
    sigaction(signal_number, &action, nullptr);
  }
}

int requested_stop() { return stop_signal; }

}  // namespace mofi
