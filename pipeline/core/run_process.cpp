#include "core/run_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/error.h"

namespace mofi {
namespace {

using Clock = std::chrono::steady_clock;

/// The end of a pipe that this process reads, and the one that the child writes.
struct Pipe {
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      fail(ExitCode::kMissing, "no pipe to a program could be made: {}", std::strerror(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(int which) {
    if (ends[which] >= 0) ::close(ends[which]);
    ends[which] = -1;
  }

  std::array<int, 2> ends{-1, -1};
};

/// What the child starts with: its outputs in the pipes, no signals blocked or ignored that this process
/// blocks or ignores, and a process group of its own, so that it can be ended with all that it starts.
struct SpawnSettings {
  SpawnSettings(const Pipe& out, const Pipe& err) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t none, stop_signals;
    sigemptyset(&none);
    sigemptyset(&stop_signals);
    for (const int number : {SIGTERM, SIGINT, SIGUSR2, SIGPIPE}) sigaddset(&stop_signals, number);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &stop_signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

pid_t spawn(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const SpawnSettings settings(out, err);
  pid_t child = 0;
  const int reason =
      posix_spawnp(&child, argv[0], &settings.actions, &settings.attributes, argv.data(), environ);
  if (reason != 0) fail(ExitCode::kMissing, "{}: cannot be started: {}", arguments[0], std::strerror(reason));
  return child;
}

/// Appends what there is to read; false at the end.
bool drain(int descriptor, std::string& text) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

/// Reads until both pipes end or the time is over; false when it is over.
bool collect(Pipe& out, Pipe& err, ProcessResult& result, Clock::time_point deadline) {
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> ready{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(std::min<long long>(left, 1000))) <= 0) continue;
    if (ready[0].revents != 0 && !drain(out.ends[0], result.out)) out.close_end(0);
    if (ready[1].revents != 0 && !drain(err.ends[0], result.err)) err.close_end(0);
  }
  return true;
}

/// The exit code, or nothing where the process still lives at the deadline.
bool reap(pid_t child, ProcessResult& result, Clock::time_point deadline) {
  int status = 0;
  while (true) {
    const pid_t reaped = ::waitpid(child, &status, WNOHANG);
    if (reaped == child) break;
    if (reaped < 0 && errno != EINTR)
      fail(ExitCode::kInternal, "waiting for process {} failed: {}", child, std::strerror(errno));
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, double time_limit_s) {
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(time_limit_s));
  Pipe out, err;
  const pid_t child = spawn(arguments, out, err);
  out.close_end(1);
  err.close_end(1);
  ProcessResult result;
  if (collect(out, err, result, deadline) && reap(child, result, deadline)) return result;
  result.timed_out = true;
  ::kill(-child, SIGKILL);
  reap(child, result, Clock::time_point::max());
  return result;
}

}  // namespace mofi
