#include "core/throw_stack.h"

#include <gmock/gmock.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <thread>

#include "core/error.h"

namespace mofi {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

[[gnu::noinline]] void the_function_that_throws(const std::string& text) {
  asm volatile("");  // is called, whatever the compiler would like to make of it
  fail(ExitCode::kData, "{}", text);
}
[[gnu::noinline]] void throws_far_away() {
  the_function_that_throws("no luck");
  asm volatile("");
}

template <class Action>
std::vector<std::string> stack_of(const Action& action) {
  try {
    action();
  } catch (...) {
    return stack_of_current_exception();
  }
  return {"nothing was thrown"};
}

TEST(ThrowStack, names_the_functions_between_the_throw_and_main_also_those_of_one_file_alone) {
  const NoteThrows noting;
  const auto stack = stack_of(throws_far_away);
  ASSERT_THAT(stack, Contains(HasSubstr("the_function_that_throws(std::")));
  const auto named = [&](const char* name) {
    return std::ranges::find_if(stack, [&](const auto& line) { return line.find(name) != line.npos; });
  };
  EXPECT_LT(named("the_function_that_throws"), named("throws_far_away"));
  EXPECT_LT(named("throws_far_away"), named("main"));
  EXPECT_THAT(stack, Not(Contains(HasSubstr("__cxa_throw"))));
}

TEST(ThrowStack, what_the_runtime_itself_throws_has_one_too) {
  const NoteThrows noting;
  const auto stack = stack_of([] { std::string("short").at(7) = 'x'; });
  ASSERT_THAT(stack, Not(IsEmpty()));
  EXPECT_THAT(stack, Contains(HasSubstr("libstdc++.so")));
  EXPECT_THAT(stack_of([] { throw std::bad_alloc(); }), Not(IsEmpty()));
}

TEST(ThrowStack, of_an_exception_of_another_thread_that_is_thrown_on_here_it_is_that_thread_s) {
  const NoteThrows noting;
  std::exception_ptr theirs;
  std::thread([&] {
    try {
      throws_far_away();
    } catch (...) {
      theirs = std::current_exception();
    }
  }).join();
  stack_of([] { throw std::runtime_error("of this one, in between"); });
  const auto stack = stack_of([&] { std::rethrow_exception(theirs); });
  EXPECT_THAT(stack, Contains(HasSubstr("throws_far_away")));
  EXPECT_THAT(stack, Not(Contains(HasSubstr("main"))));
}

TEST(ThrowStack, one_that_is_handled_and_thrown_on_keeps_its_first_stack) {
  const NoteThrows noting;
  const auto stack = stack_of([] {
    try {
      throws_far_away();
    } catch (const Error&) {
      stack_of([] { throw std::runtime_error("another, on the way"); });
      throw;
    }
  });
  EXPECT_THAT(stack, Contains(HasSubstr("throws_far_away")));
}

TEST(ThrowStack, nothing_is_noted_where_nobody_listens) {
  EXPECT_THAT(stack_of(throws_far_away), IsEmpty());
  const NoteThrows noting;
  EXPECT_THAT(stack_of_current_exception(), IsEmpty()) << "where nothing was thrown";
}

TEST(ThrowStack, threads_that_throw_at_once_have_each_its_own) {
  const NoteThrows noting;
  std::vector<std::thread> threads;
  std::atomic<int> own{0};
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, is_far = thread % 2 == 0] {
      for (int i = 0; i < 20; ++i) {
        const auto stack = is_far ? stack_of(throws_far_away) : stack_of([] { throw 1; });
        const bool names_it = std::ranges::any_of(
            stack, [](const auto& line) { return line.find("throws_far_away") != line.npos; });
        own += !stack.empty() && names_it == is_far ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(own, 160);
}

}  // namespace
}  // namespace mofi
