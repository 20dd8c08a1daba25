#include "core/stop.h"

#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <thread>

namespace mofi {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

extern "C" void remember_signal(int signal_number) { stop_signal = signal_number; }

}  // namespace

void install_stop_signals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int signal_number : {SIGTERM, SIGINT, SIGUSR2}) {
    struct sigaction action {};
    action.sa_handler = remember_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | (signal_number == SIGUSR2 ? 0 : static_cast<int>(SA_RESETHAND));
    sigaction(signal_number, &action, nullptr);
    sigaddset(&handled, signal_number);
  }
  // A thread of its own takes them: oneDNN's float32 products (LibTorch 2.11, AVX-512) corrupt the heap when
  // a handler runs on the stack of the thread that computes. This thread, and all that it starts later, leave
  // the signals to that one.
  std::thread([] {
    while (true) pause();
  }).detach();
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);
}

int requested_stop() { return stop_signal; }

}  // namespace mofi
