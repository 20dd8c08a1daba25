#pragma once
// Values as bytes, from one rank of a job to another: same program, same machine type, never stored.

#include <cstring>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"

namespace mofi {

/// What is its own bytes, and no address of something else.
template <class T>
concept PlainValue = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::ranges::view<T>;

class Packer {
 public:
  template <PlainValue T>
  Packer& operator<<(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Packer& operator<<(const std::string& text) {
    *this << text.size();
    bytes_ += text;
    return *this;
  }
  template <class T>
  Packer& operator<<(const std::vector<T>& values) {
    *this << values.size();
    if constexpr (PlainValue<T>)
      bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    else
      for (const T& value : values) *this << value;
    return *this;
  }
  template <class A, class B>
  Packer& operator<<(const std::pair<A, B>& values) {
    return *this << values.first << values.second;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what a Packer wrote, in the same order; anything else is kInternal.
class Unpacker {
 public:
  explicit Unpacker(const std::string& bytes) : bytes_(bytes) {}

  template <PlainValue T>
  Unpacker& operator>>(T& value) {
    std::memcpy(&value, take(1, sizeof value), sizeof value);
    return *this;
  }
  Unpacker& operator>>(std::string& text) {
    const auto size = read<std::size_t>();
    text.assign(take(size, 1), size);
    return *this;
  }
  template <class T>
  Unpacker& operator>>(std::vector<T>& values) {
    const auto count = read<std::size_t>();
    values.clear();
    if constexpr (PlainValue<T>) {
      const char* bytes = take(count, sizeof(T));
      values.resize(count);
      if (count > 0) std::memcpy(values.data(), bytes, count * sizeof(T));
    } else {
      for (std::size_t i = 0; i < count; ++i) *this >> values.emplace_back();
    }
    return *this;
  }
  template <class A, class B>
  Unpacker& operator>>(std::pair<A, B>& values) {
    return *this >> values.first >> values.second;
  }
  template <class T>
  T read() {
    T value{};
    *this >> value;
    return value;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  const char* take(std::size_t count, std::size_t size) {
    if (count > (bytes_.size() - at_) / size)
      fail(ExitCode::kInternal, "a message between ranks ends after {} bytes, where {} values of {} follow",
           bytes_.size(), count, size);
    at_ += count * size;
    return bytes_.data() + at_ - count * size;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace mofi
