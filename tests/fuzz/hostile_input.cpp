#include "hostile_input.h"

#include <sanitizer/allocator_interface.h>
#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace mofi {
namespace {

thread_local bool metering = false;
thread_local std::ptrdiff_t held = 0, most_held = 0;

void on_malloc(const volatile void* /*block*/, std::size_t size) {
  if (!metering) return;
  held += static_cast<std::ptrdiff_t>(size);
  most_held = std::max(most_held, held);
}

void on_free(const volatile void* block) {
  if (metering && block != nullptr)
    held -= static_cast<std::ptrdiff_t>(
        __sanitizer_get_allocated_size(const_cast<const void*>(block)));  // NOLINT: the hook's type
}

const bool kHooksAreIn = [] {
  if (__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) == 0) std::abort();
  return true;
}();

[[noreturn]] void give_up(const char* format, const char* text) {
  std::fprintf(stderr, format, text);
  __sanitizer_print_stack_trace();
  std::abort();
}

/// Coverage that libFuzzer cannot see: the sentence a reader refuses with, without its numbers and quoted
/// texts. Libraries of the system are not instrumented; what they say tells where they have been.
__attribute__((section("__libfuzzer_extra_counters"))) std::array<std::uint8_t, 4096> sentence_seen;

void remember_sentence(std::string_view sentence) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  bool quoted = false, number = false;
  for (const char letter : sentence) {
    if (letter == '\'') quoted = !quoted;
    const bool digit = letter >= '0' && letter <= '9';
    number = digit || (number && std::isalnum(static_cast<unsigned char>(letter)) != 0);  // 0x1f is one, too
    if (quoted || number) continue;
    hash = (hash ^ static_cast<std::uint8_t>(letter)) * 16777619U;
  }
  sentence_seen[hash % sentence_seen.size()] = 1;
}

}  // namespace

bool accepts(std::span<const std::byte> input, ExitCode refusal, const MemoryBound& bound,
             const std::function<void()>& read) {
  bool accepted = false;
  std::string sentence;
  held = most_held = 0;
  metering = true;
  try {
    read();
    accepted = true;
  } catch (const Error& error) {
    if (error.code() != refusal) give_up("an Error with the wrong exit code: %s\n", error.what());
    sentence = error.what();
  } catch (const std::exception& error) {
    give_up("an exception that is no mofi::Error: %s\n", error.what());
  }
  metering = false;
  if (!accepted) remember_sentence(sentence);
  const std::size_t allowed = bound.fixed_bytes + bound.bytes_per_input_byte * input.size();
  if (most_held > static_cast<std::ptrdiff_t>(allowed)) {
    const std::string text = fmt::format("{} bytes for an input of {}; at most {} were to be held", most_held,
                                         input.size(), allowed);
    give_up("too much memory: %s\n", text.c_str());
  }
  return accepted;
}

void require(bool holds, const char* promise) {
  if (!holds) give_up("a broken promise: %s\n", promise);
}

}  // namespace mofi
