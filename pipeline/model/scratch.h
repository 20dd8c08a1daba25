#pragma once
// Memory for work in cache: zeros, taken piece by piece, each piece on a cache line of its own.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "model/contraction.h"

namespace mofi {

class Scratch {
 public:
  explicit Scratch(std::ptrdiff_t floats)
      : data_(static_cast<float*>(std::aligned_alloc(
            kLanes * sizeof(float), static_cast<std::size_t>(padded(floats)) * sizeof(float)))) {
    if (data_ == nullptr) throw std::bad_alloc();
    std::fill_n(data_.get(), padded(floats), 0.0F);
  }
  /// The next so many floats; `Scratch` was made for the sum of all, each padded.
  float* take(std::ptrdiff_t floats) {
    float* piece = data_.get() + taken_;
    taken_ += padded(floats);
    return piece;
  }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
  std::ptrdiff_t taken_ = 0;
};

}  // namespace mofi
