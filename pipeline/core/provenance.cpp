#include "core/provenance.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "core/build_info.h"

namespace mofi {
namespace {

std::string& command_line() {
  static std::string text;
  return text;
}

}  // namespace

std::string producer() { return fmt::format("mofi {} (commit {})", kVersion, kCommit); }

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

void remember_command_line(int argc, char** argv) {
  command_line().clear();
  for (int i = 0; i < argc; ++i) command_line() += (i > 0 ? " " : "") + std::string(argv[i]);
}

Json provenance() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return {
      {"producer", producer()}, {"host", host.data()}, {"command", command_line()}, {"written", utc_now()}};
}

}  // namespace mofi
