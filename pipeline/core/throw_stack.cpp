#include "core/throw_stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/stacktrace/frame.hpp>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>

namespace mofi {
namespace {

constexpr int kDeepest = 64;  // frames that are noted of a throw
constexpr int kThrows = 64;   // that are remembered; of handlers that are slow to ask, other threads throw on

struct Thrown {
  const void* object = nullptr;
  int depth = 0;
  std::array<void*, kDeepest> frames{};
};

// A throw may be that memory has run out: nothing here allocates.
std::atomic<int> listeners{0};
std::mutex lock;
std::array<Thrown, kThrows> thrown;  // under the lock: a ring
std::size_t newest = 0;

/// As deep as it goes, but for the frame of __cxa_throw itself.
void note(const void* object, const std::array<void*, kDeepest>& frames, int depth) {
  const std::lock_guard guard(lock);
  newest = (newest + 1) % kThrows;
  Thrown& here = thrown[newest];
  here.object = object;
  here.depth = std::max(depth - 1, 0);
  std::copy_n(frames.begin() + 1, here.depth, here.frames.begin());
}

/// Objects are made where others have been, so the newest at an address counts.
Thrown last_thrown(const void* object) {
  const std::lock_guard guard(lock);
  for (std::size_t back = 0; back < kThrows; ++back)
    if (const Thrown& one = thrown[(newest + kThrows - back) % kThrows]; one.object == object) return one;
  return {};
}

/// Of a return address: the call is before it.
std::string line_of(const void* address) {
  const void* call = static_cast<const char*>(address) - 1;
  const boost::stacktrace::frame frame(call);
  std::string text = frame.name();
  if (frame.source_line() > 0)
    return fmt::format("{} at {}:{}", text, frame.source_file(), frame.source_line());
  Dl_info found{};
  if (dladdr(call, &found) == 0 || found.dli_fname == nullptr) return text.empty() ? "?" : text;
  const auto offset =
      reinterpret_cast<std::uintptr_t>(call) - reinterpret_cast<std::uintptr_t>(found.dli_fbase);
  const std::string place =
      fmt::format("{}+{:#x}", std::filesystem::path(found.dli_fname).filename().string(), offset);
  return text.empty() ? place : fmt::format("{} ({})", text, place);
}

}  // namespace

NoteThrows::NoteThrows() {
  std::array<void*, 1> none{};
  backtrace(none.data(), 1);  // the first one loads a library, for which a throw is not the time
  ++listeners;
}
NoteThrows::~NoteThrows() {
  if (--listeners > 0) return;
  const std::lock_guard guard(lock);  // what is thrown from now on may be made where a noted one was
  for (Thrown& one : thrown) one.object = nullptr;
}

std::vector<std::string> stack_of_current_exception() {
  const std::exception_ptr exception = std::current_exception();
  const void* object = nullptr;  // all that an exception_ptr has, in libstdc++ and in libc++
  static_assert(sizeof(exception) == sizeof(object));
  std::memcpy(&object, static_cast<const void*>(&exception), sizeof(object));
  if (object == nullptr) return {};
  const Thrown found = last_thrown(object);
  std::vector<std::string> lines;
  for (int i = 0; i < found.depth; ++i) lines.push_back(line_of(found.frames[i]));
  return lines;
}

}  // namespace mofi

/// The linker puts this one first, for the program and for all that it loads.
extern "C" void __cxxabiv1::__cxa_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  using Throw = void (*)(void*, std::type_info*, void (*)(void*));
  static const auto of_the_runtime = reinterpret_cast<Throw>(dlsym(RTLD_NEXT, "__cxa_throw"));
  if (mofi::listeners > 0) {
    std::array<void*, mofi::kDeepest> frames;
    mofi::note(object, frames, backtrace(frames.data(), mofi::kDeepest));
  }
  of_the_runtime(object, type, destroy);
  std::terminate();  // it does not come back
}
