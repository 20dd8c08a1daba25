#pragma once
// Small work on one thread while this lives: threads that wait for each other on a busy machine cost many
// times more than they save.

#include <ATen/Parallel.h>

namespace mofi {

class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace mofi
