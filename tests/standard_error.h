#pragma once
// What an action writes to standard error.

#include <unistd.h>

#include <cstdio>
#include <string>

namespace mofi {

template <class Action>
std::string standard_error_of(Action action) {
  std::FILE* taken = std::tmpfile();
  std::fflush(stderr);
  const int before = dup(STDERR_FILENO);
  dup2(fileno(taken), STDERR_FILENO);
  action();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  std::string text(static_cast<std::size_t>(lseek(fileno(taken), 0, SEEK_END)), '\0');
  std::rewind(taken);
  text.resize(std::fread(text.data(), 1, text.size(), taken));
  std::fclose(taken);
  return text;
}

}  // namespace mofi
